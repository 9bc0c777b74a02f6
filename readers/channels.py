"""`python -m readers.channels`: run a reader for each channel of channels.conf, and no others."""

from __future__ import annotations

import argparse
import http.client
import logging
import os
import socket
import sys
import xmlrpc.client
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from xmlrpc.client import ServerProxy

from common import exit_codes
from common.arguments import main_of
from common.settings import Settings
from common.settings_help import settings_help
from common.startup import start
from readers.supervision.capacity import open_files_for, open_files_of, readers_that_fit
from readers.supervision.channel_names import ChannelList, channel_name, read_channel_names
from readers.supervision.channels_file import ChannelsFileError, read_channels_file
from readers.supervision.groups import (
    StillRunningError,
    add_readers,
    apply_changes,
    connect,
    reading,
)
from readers.supervision.programs import add_reader_programs, write_reader_programs
from readers.twitch.credentials import has_account

CHANNELS_FILE = Path("channels.conf")
PROGRAMS_DIRECTORY = Path("var/readers")
SOCKET = Path("var/supervisor.sock")

#: Seconds to wait for supervisord. It responds at once unless its process is suspended.
ANSWER_WITHIN_S = 30.0

#: https://discuss.dev.twitch.com/t/giving-broadcasters-control-concurrent-join-limits-for-irc-and-eventsub/54997
CHANNELS_PER_ACCOUNT = 100

#: Further wrong entries are only counted: the file may be something else altogether.
LOGGED_PROBLEMS = 10

logger = logging.getLogger("readers.channels")


@dataclass(frozen=True)
class _Plan:
    """What to do about the readers that supervisord has."""

    start: Sequence[str]
    stop: Set[str]
    keep: Set[str]
    #: Readers that no entry names, but that keep running because entries are wrong or missing.
    spared: Set[str]
    only_adds: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Start a reader for each channel in channels.conf (and TWITCH_CHANNELS and TWITCH_CHANNEL)"
        " that has none, and stop the readers of all other channels. Readers that need no change"
        " keep running. supervisord runs this as its program `channels`."
    )
    parser.epilog = settings_help("channels")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    dry_run = options.dry_run
    settings = start("channels")
    socket.setdefaulttimeout(ANSWER_WITHIN_S)
    try:
        text = read_channels_file(CHANNELS_FILE)
    except ChannelsFileError as error:
        logger.error("no reader is started or stopped: %s", error)
        return exit_codes.SETTINGS
    wanted = _wanted(text, settings)
    _report(wanted, settings)
    url = os.environ.get("SUPERVISOR_SERVER_URL", f"unix://{SOCKET.absolute()}")
    try:
        with connect(url) as supervisord:
            # Call supervisord before writing anything: if it does not respond, nothing changes.
            plan = _plan(wanted, reading(supervisord), is_blank=not text.strip())
            _report_unnamed(plan, wanted)
            fitting = _that_fits(plan, open_files_of(supervisord))
            if dry_run:
                _preview(fitting)
            else:
                _apply(fitting, supervisord)
    except (OSError, http.client.HTTPException, xmlrpc.client.Error, StillRunningError) as error:
        logger.error("%s", _explain(error, url))
        return exit_codes.FAILURE
    is_done = fitting == plan and not wanted.problems and not plan.spared
    return exit_codes.OK if is_done else exit_codes.SETTINGS


def _wanted(text: str, settings: Settings) -> ChannelList:
    in_file = read_channel_names(text)
    channels = dict.fromkeys(in_file.channels)
    problems = [f"{CHANNELS_FILE}, {problem}" for problem in in_file.problems]
    for variable, entries in (
        ("TWITCH_CHANNELS", settings.twitch_channels),
        ("TWITCH_CHANNEL", settings.twitch_channel),
    ):
        for name in " ".join(entries).split():
            try:
                channels[channel_name(name)] = None
            except ValueError as error:
                problems.append(f"{variable}: {error}")
    return ChannelList(tuple(channels), tuple(problems))


def _plan(wanted: ChannelList, running: set[str], *, is_blank: bool) -> _Plan:
    """
    Return what to do about the *running* readers.

    A wrong entry may be a mistyped channel, and a blank file may be one that an editor or a full
    disk has emptied. So with either, readers are only added.
    """
    start = [channel for channel in wanted.channels if channel not in running]
    keep = running.intersection(wanted.channels)
    unnamed = running - keep
    only_adds = bool(wanted.problems) or (is_blank and bool(unnamed))
    stop, spared = (set[str](), unnamed) if only_adds else (unnamed, set[str]())
    return _Plan(start, stop, keep, spared, only_adds)


def _report(wanted: ChannelList, settings: Settings) -> None:
    for problem in wanted.problems[:LOGGED_PROBLEMS]:
        logger.error("%s", problem)
    if len(wanted.problems) > LOGGED_PROBLEMS:
        logger.error("%d more entries are wrong", len(wanted.problems) - LOGGED_PROBLEMS)
    if has_account(settings) and len(wanted.channels) > CHANNELS_PER_ACCOUNT:
        logger.warning(
            "%d channels, but Twitch lets one account read %d at a time",
            len(wanted.channels),
            CHANNELS_PER_ACCOUNT,
        )


def _report_unnamed(plan: _Plan, wanted: ChannelList) -> None:
    if not plan.spared:
        if not wanted.channels and not wanted.problems:
            logger.warning("no channel to read: add some to %s or TWITCH_CHANNELS", CHANNELS_FILE)
        return
    if wanted.problems:
        reason = "entries are wrong; correct them and run this again"
    else:
        reason = f"{CHANNELS_FILE} is empty; to stop them, write a comment into it: # none"
    logger.error("no reader is stopped, because %s; not named: %s", reason, _listed(plan.spared))


def _that_fits(plan: _Plan, open_files: int) -> _Plan:
    """Return *plan* with as many new readers as supervisord, with *open_files*, can run."""
    most = readers_that_fit(open_files)
    others = len(plan.keep) + len(plan.spared)
    start = plan.start[: max(0, most - others)]
    if len(start) < len(plan.start):
        named = others + len(plan.start)
        logger.error(
            "%d of %d channels are not read: supervisord may open %d files, enough for %d readers;"
            " allow it %d (LimitNOFILE of systemd, or `ulimit -n`) and restart it",
            len(plan.start) - len(start),
            named,
            open_files,
            most,
            open_files_for(named),
        )
    return replace(plan, start=start)


def _preview(plan: _Plan) -> None:
    logger.info("would start: %s", _listed(plan.start))
    logger.info("would stop: %s", _listed(plan.stop))
    logger.info("would keep running: %s", _listed(plan.keep | plan.spared))


def _apply(plan: _Plan, supervisord: ServerProxy) -> None:
    if plan.only_adds:
        add_reader_programs(PROGRAMS_DIRECTORY, plan.start)
        changes = add_readers(supervisord, set(plan.start))
    else:
        write_reader_programs(PROGRAMS_DIRECTORY, plan.keep | set(plan.start))
        changes = apply_changes(supervisord)
    logger.info("started: %s", _listed(changes.started))
    logger.info("stopped: %s", _listed(changes.stopped))
    if changes.restarted:
        logger.info("restarted, because their program changed: %s", _listed(changes.restarted))
    logger.info("kept running: %d", len((plan.keep | plan.spared) - set(changes.restarted)))


def _listed(channels: Iterable[str]) -> str:
    return ", ".join(sorted(channels)) or "none"


def _explain(error: Exception, url: str) -> str:
    if isinstance(error, xmlrpc.client.Fault):
        return f"supervisord refused the request: {error.faultString}"
    if isinstance(error, (ConnectionError, FileNotFoundError, TimeoutError)):
        return f"cannot reach supervisord at {url} ({error}): is it running?"
    return str(error)


if __name__ == "__main__":
    sys.exit(main_of("python -m readers.channels", add_arguments, run))
