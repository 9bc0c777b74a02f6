"""`python -m readers.channels`: run a reader for each channel of channels.conf, and no others."""

from __future__ import annotations

import argparse
import http.client
import logging
import os
import socket
import sys
import xmlrpc.client
from collections.abc import Iterable, Sequence
from pathlib import Path
from xmlrpc.client import ServerProxy

from common import exit_codes
from common.settings import Settings
from common.startup import start
from readers.supervision.capacity import open_files_for, open_files_of, readers_that_fit
from readers.supervision.channel_names import ChannelList, channel_name, read_channel_names
from readers.supervision.groups import StillRunningError, apply_changes, connect, reading
from readers.supervision.programs import write_reader_programs
from readers.twitch.credentials import has_account

CHANNELS_FILE = Path("channels.conf")
PROGRAMS_DIRECTORY = Path("var/readers")
SOCKET = Path("var/supervisor.sock")

#: Seconds to wait for supervisord. It responds at once unless its process is suspended.
ANSWER_WITHIN_S = 30.0

#: https://discuss.dev.twitch.com/t/giving-broadcasters-control-concurrent-join-limits-for-irc-and-eventsub/54997
CHANNELS_PER_ACCOUNT = 100

logger = logging.getLogger("readers.channels")


def main() -> int:
    """Run the command and return its exit status."""
    dry_run = _parser().parse_args().dry_run
    settings = start("channels")
    socket.setdefaulttimeout(ANSWER_WITHIN_S)
    try:
        wanted = _wanted(settings)
    except OSError as error:
        logger.error("nothing is changed: %s", error)
        return exit_codes.SETTINGS
    _report(wanted, settings)
    url = os.environ.get("SUPERVISOR_SERVER_URL", f"unix://{SOCKET.absolute()}")
    try:
        with connect(url) as supervisord:
            fitting = _that_fit(supervisord, wanted.channels)
            if dry_run:
                _preview(supervisord, fitting)
            else:
                _apply(supervisord, fitting)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error, StillRunningError) as error:
        logger.error("%s", _explain(error, url))
        return exit_codes.FAILURE
    is_done = not wanted.problems and len(fitting) == len(wanted.channels)
    return exit_codes.OK if is_done else exit_codes.SETTINGS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m readers.channels",
        description="Start a reader for each channel in channels.conf (and TWITCH_CHANNELS and"
        " TWITCH_CHANNEL) that has none, and stop the readers of all other channels. Readers that"
        " need no change keep running. supervisord runs this as its program `channels`.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    return parser


def _wanted(settings: Settings) -> ChannelList:
    # Some editors begin a file with a byte order mark.
    text = CHANNELS_FILE.read_text("utf-8-sig", "replace")
    in_file = read_channel_names(text)
    channels = dict.fromkeys(in_file.channels)
    problems = [f"{CHANNELS_FILE}, {problem}; this line is skipped" for problem in in_file.problems]
    for variable, names in (
        ("TWITCH_CHANNELS", settings.twitch_channels),
        ("TWITCH_CHANNEL", settings.twitch_channel),
    ):
        for name in names:
            try:
                channels[channel_name(name)] = None
            except ValueError as error:
                problems.append(f"{variable}: {error}; this name is skipped")
    return ChannelList(tuple(channels), tuple(problems))


def _report(wanted: ChannelList, settings: Settings) -> None:
    for problem in wanted.problems:
        logger.error("%s", problem)
    if not wanted.channels:
        logger.warning("no channel to read: add some to %s or TWITCH_CHANNELS", CHANNELS_FILE)
    if has_account(settings) and len(wanted.channels) > CHANNELS_PER_ACCOUNT:
        logger.warning(
            "%d channels, but Twitch lets one account read %d at a time",
            len(wanted.channels),
            CHANNELS_PER_ACCOUNT,
        )


def _that_fit(supervisord: ServerProxy, wanted: Sequence[str]) -> list[str]:
    """Return the channels that supervisord can run readers for, first those that it has."""
    open_files = open_files_of(supervisord)
    most = readers_that_fit(open_files)
    if len(wanted) > most:
        logger.error(
            "%d of %d channels are not read: supervisord may open %d files, enough for %d readers;"
            " allow it %d (LimitNOFILE of systemd, or `ulimit -n`) and restart it",
            len(wanted) - most,
            len(wanted),
            open_files,
            most,
            open_files_for(len(wanted)),
        )
    present = reading(supervisord)
    return sorted(wanted, key=lambda channel: channel not in present)[:most]


def _preview(supervisord: ServerProxy, wanted: Iterable[str]) -> None:
    present = reading(supervisord)
    wanted = set(wanted)
    logger.info("would start: %s", _listed(wanted - present))
    logger.info("would stop: %s", _listed(present - wanted))
    logger.info("would keep running: %s", _listed(present & wanted))


def _apply(supervisord: ServerProxy, wanted: Iterable[str]) -> None:
    # Call supervisord before writing anything: if it does not respond, nothing changes.
    before = reading(supervisord)
    write_reader_programs(PROGRAMS_DIRECTORY, wanted)
    changes = apply_changes(supervisord)
    logger.info("started: %s", _listed(changes.started))
    logger.info("stopped: %s", _listed(changes.stopped))
    if changes.restarted:
        logger.info("restarted, because their program changed: %s", _listed(changes.restarted))
    unchanged = before.difference(changes.stopped, changes.restarted)
    logger.info("kept running: %d", len(unchanged))


def _listed(channels: Iterable[str]) -> str:
    return ", ".join(sorted(channels)) or "none"


def _explain(error: Exception, url: str) -> str:
    if isinstance(error, xmlrpc.client.Fault):
        return f"supervisord refused the request: {error.faultString}"
    if isinstance(error, (ConnectionError, FileNotFoundError, TimeoutError)):
        return f"cannot reach supervisord at {url} ({error}): is it running?"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
