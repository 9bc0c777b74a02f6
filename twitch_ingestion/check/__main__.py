"""`twitch-ingestion check`: say what is wrong, and what to do about it, before anything starts."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from common import exit_codes
from common.arguments import main_of
from common.settings_help import settings_help
from readers.wanted_channels import WantedChannels, channels_wanted_by
from twitch_ingestion.check.channels import check_channels
from twitch_ingestion.check.disk import check_disk
from twitch_ingestion.check.findings import WARNING, WRONG, Finding, warning
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.kafka import check_kafka
from twitch_ingestion.check.link import check_link
from twitch_ingestion.check.monitor import check_monitor
from twitch_ingestion.check.open_files import check_open_files
from twitch_ingestion.check.opt_outs import check_opt_outs
from twitch_ingestion.check.programs import check_programs
from twitch_ingestion.check.publisher import check_publisher
from twitch_ingestion.check.settings import check_settings, settings_of
from twitch_ingestion.check.token import check_token
from twitch_ingestion.check.user import check_user

_DESCRIPTION = """\
Look at everything that the service needs, and say what is wrong and what to do about it. Run it in
the folder of supervisord.conf, as the user whom the service runs as, before anything is started or
at any other time. It starts nothing, and changes nothing here and in Kafka.

  settings    .env and the environment
  programs    programs.conf: what runs on this host
  user        whether this is the user whom the files belong to
  disk        STATE_DIR: permissions, free space, inodes, kind of disk, whether SQLite works there
  channels    channels.conf and TWITCH_CHANNELS
  opt-outs    optout.conf: people who do not want to be recorded
  open files  the limit, for the number of channels
  link        addresses of readers and publisher, key files
  token       the login, and whether Twitch accepts it
  publisher   its ports, and whether it accepts the readers of this host
  monitor     its port and password, and whether the monitors in MONITOR_PEERS respond
  kafka       connection, topics, permissions, replicas, largest message

Each line begins with `ok`, `warning` or `wrong`. All is shown, whatever is wrong. It takes a second
or two; if nothing responds, up to 75 s: 40 s for Kafka, 15 s for Twitch, 4 s or, for a reader, 6 s
for each address of a publisher, and 3 s for monitors.
"""

_EXIT_CODES = f"""exit status:
  {exit_codes.OK:<4}nothing is wrong, but there may be warnings
  {exit_codes.SETTINGS:<4}something is wrong that somebody has to correct"""


@dataclass(frozen=True)
class _Subject:
    name: str
    check: Callable[[Host], Iterable[Finding]]
    #: What the names of the settings that it depends on begin with.
    depends_on: tuple[str, ...]


def add_arguments(parser: ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = _DESCRIPTION
    parser.epilog = "\n\n".join((settings_help(), _EXIT_CODES))


def run(_: Namespace) -> int:
    """Print a line for each finding; return the exit status."""
    counts: Counter[str] = Counter()
    for subject, finding in _findings(os.environ):
        counts[finding.level] += 1
        print(f"{finding.level:<8} {subject:<11} {finding.text}", flush=True)
    print(_summary(counts))
    return exit_codes.SETTINGS if counts[WRONG] else exit_codes.OK


def _findings(environment: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """Yield each finding, with its subject."""
    read = settings_of(environment)
    yield from (("settings", finding) for finding in check_settings(read))
    left_out, programs = check_programs(environment)
    yield "programs", programs
    if read.settings is None:
        yield "the rest", warning("is not checked while the settings cannot be read")
        return
    wanted = channels_wanted_by(read.settings, Path())
    host = Host(read.settings, left_out, wanted.channels)
    for subject in _subjects(wanted):
        names = sorted(name for name in read.wrong_names if name.startswith(subject.depends_on))
        if names:
            verb = "is" if len(names) == 1 else "are"
            yield subject.name, warning(f"not checked while {', '.join(names)} {verb} wrong")
            continue
        yield from ((subject.name, finding) for finding in subject.check(host))


def _subjects(wanted: WantedChannels) -> list[_Subject]:
    state, link = ("STATE_DIR",), ("STATE_DIR", "PUBLISHER_")
    # Also where Twitch is, and which account is wanted.
    login = ("TWITCH_TOKEN_STORE", "TWITCH_OAUTH_TOKEN", "TWITCH_AUTH_URL", "TWITCH_USERNAME")
    return [
        _Subject("user", check_user, (*state, "TWITCH_TOKEN_STORE")),
        _Subject("disk", check_disk, (*state, "OUTBOX_")),
        _Subject("channels", partial(check_channels, wanted=wanted), ("TWITCH_CHANNEL",)),
        _Subject("opt-outs", check_opt_outs, ()),
        _Subject("open files", check_open_files, ("TWITCH_CHANNEL",)),
        _Subject("link", check_link, link),
        _Subject("token", check_token, login),
        _Subject("publisher", check_publisher, link),
        _Subject("monitor", check_monitor, (*state, "MONITOR_")),
        _Subject("kafka", check_kafka, ("KAFKA_", "DELIVERY", "DEDUPLICATE")),
    ]


def _summary(counts: Counter[str]) -> str:
    if not counts[WRONG]:
        return f"Nothing is wrong; {_number(counts[WARNING], 'warning')}."
    return (
        f"{_number(counts[WRONG], 'thing')} wrong, {_number(counts[WARNING], 'warning')}: correct"
        " what is wrong, and run this again."
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main_of("python -m twitch_ingestion.check", add_arguments, run))
