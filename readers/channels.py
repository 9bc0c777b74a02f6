"""
`twitch-ingestion channels`: apply channels.conf to a running supervisord, compare the two, or check
the file.

What the command finds is on stdout, what is wrong on stderr. `python -m readers.channels` is
`channels apply`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

from common import exit_codes
from common.arguments import Formatter, main_of
from common.command_line import command
from common.service_user import refuse_as_root
from common.settings_help import settings_help
from common.supervisor_client import SOCKET, connect
from readers.supervision.applied_channels import (
    APPLIED_CHANNELS,
    applying,
    write_applied_channels,
)
from readers.supervision.capacity import open_files_of
from readers.supervision.groups import (
    ReaderProcess,
    StillRunningError,
    apply_changes,
    reader_processes,
    readers_settings,
    start_again,
    wait_until_running,
)
from readers.supervision.left_pages import remove_left_pages
from readers.supervision.plan import Plan, plan_for
from readers.supervision.plan_texts import preview, report, why_not_running
from readers.wanted_channels import (
    CHANNEL_VARIABLES,
    CHANNELS_FILE,
    WantedChannels,
    first_of,
    wanted_channels,
)

#: Seconds to wait for supervisord. It responds at once unless its process is suspended.
ANSWER_WITHIN_S = 30.0

#: Seconds to wait for another `channels apply`, which waits for readers to stop and to start.
TURN_WITHIN_S = 120.0

_APPLY = (
    "Start a reader for each channel in channels.conf (and TWITCH_CHANNELS and TWITCH_CHANNEL) that"
    " has none, and stop the readers of all other channels. Readers that need no change keep"
    " running. Waits until the new readers have run for some seconds. While something in the file"
    " is wrong, no reader is stopped. "
)
_LIST = "Show each wanted channel and the state of its reader, and readers that are not wanted. "
_CHECK = (
    "Say what is wrong with channels.conf and the settings that name channels, and how many are"
    " wanted. Needs no supervisord. Exit status: 0 if nothing is wrong, else 78."
)
_STATUS = (
    "Exit status: 0 if just the wanted channels are read, 78 if an entry, a file or a limit keeps"
    " that from being so, 1 if supervisord cannot be reached or a reader does not run."
)


class _FailedError(Exception):
    """Raised when supervisord does not do what it should, with a text for the user."""

    def __init__(self, text: str, status: int = exit_codes.FAILURE) -> None:
        super().__init__(text)
        self.status = status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = f"Apply, list or check {CHANNELS_FILE}."
    parser.epilog = settings_help("channels")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_apply_arguments(_add(commands, "apply", "start and stop readers as it says"))
    _add(commands, "list", "compare it with the readers that run").description = _LIST + _STATUS
    _add(commands, "check", "say what is wrong with it").description = _CHECK


def add_apply_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `channels apply` to *parser*."""
    parser.description = _APPLY + _STATUS
    parser.epilog = settings_help("channels")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")


def _add(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, formatter_class=Formatter
    )
    return parser


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    match options.command:
        case "apply":
            return apply(options)
        case "list":
            return _list()
        case _:
            return _check()


def apply(options: argparse.Namespace) -> int:
    """Run `channels apply`, and return its exit status."""
    if not options.dry_run:
        # Whom supervisord runs as.
        refuse_as_root("channels apply", [SOCKET])
    others: Mapping[str, ReaderProcess | None] = {}
    try:
        with _supervisord() as supervisord, ExitStack() as stack:
            if not options.dry_run:
                _wait_for_turn(supervisord, stack)
            wanted = _wanted_of(supervisord)
            present = reader_processes(supervisord)
            plan = _plan(wanted, present, supervisord)
            _complain(*plan.complaints)
            again = {name for name in plan.keep if present[name].is_stopped}
            if not options.dry_run:
                others = _carry_out(plan, again, supervisord, wanted.state_dir)
    except _FailedError as error:
        _complain(str(error))
        return error.status
    # Not before: an output that fails would be taken for a supervisord that does.
    is_dry = options.dry_run
    lines = preview(plan, again, present) if is_dry else report(plan, again, others)
    print("\n".join(lines))
    _complain(*(why_not_running(channel, process) for channel, process in others.items()))
    if wanted.problems or plan.complaints:
        return exit_codes.SETTINGS
    return exit_codes.FAILURE if others else exit_codes.OK


def _wait_for_turn(supervisord: ServerProxy, stack: ExitStack) -> None:
    """Return when no other `channels apply` runs; none does until *stack* is left."""
    # Raises if it does not run: this may be another folder, in which no lock should be made.
    readers_settings(supervisord)
    waiting = partial(_complain, "waiting for another `channels apply`")
    try:
        stack.enter_context(applying(Path(), within_s=TURN_WITHIN_S, on_wait=waiting))
    except TimeoutError:
        raise _FailedError(
            f"another `channels apply` has run for more than {TURN_WITHIN_S:g} s: nothing was"
            " changed; try again when it has ended"
        ) from None


def _plan(wanted: WantedChannels, present: Mapping[str, object], supervisord: ServerProxy) -> Plan:
    return plan_for(
        wanted.channels,
        set(present),
        is_doubtful=bool(wanted.problems),
        is_blank=wanted.is_blank,
        open_files=open_files_of(supervisord),
    )


def _carry_out(
    plan: Plan, again: set[str], supervisord: ServerProxy, state_dir: Path | None
) -> Mapping[str, ReaderProcess | None]:
    """Do what *plan* says, and start *again* what has stopped; return wanted readers that fail."""
    try:
        write_applied_channels(Path(), plan.channels)
    except OSError as error:
        # Of a full disk, the error names no path, as of a socket.
        raise _FailedError(
            f"cannot write {APPLIED_CHANNELS}, so nothing is changed: {error.strerror}"
        ) from None
    apply_changes(supervisord, plan.start, plan.stop)
    if state_dir:
        remove_left_pages(state_dir, plan.channels)
    start_again(supervisord, again)
    return wait_until_running(supervisord, {*plan.start, *plan.keep})


def _list() -> int:
    try:
        with _supervisord() as supervisord:
            wanted = _wanted_of(supervisord)
            present = reader_processes(supervisord)
    except _FailedError as error:
        for channel in _wanted(os.environ).channels:
            print(f"{channel:<26}wanted")
        _complain(str(error))
        return error.status
    for channel in sorted({*wanted.channels, *present}):
        print(f"{channel:<26}{_state(channel, wanted, present)}")
    if wanted.problems:
        return exit_codes.SETTINGS
    if present.keys() != set(wanted.channels):
        _complain(f"{CHANNELS_FILE} is not applied: run `{command('channels', 'apply')}`")
        return exit_codes.FAILURE
    are_running = all(process.is_running for process in present.values())
    return exit_codes.OK if are_running else exit_codes.FAILURE


def _state(channel: str, wanted: WantedChannels, present: Mapping[str, ReaderProcess]) -> str:
    process = present.get(channel)
    if process is None:
        return "not applied yet"
    state = process.state
    if process.is_running:
        since = time.localtime(process.started_at)
        state += f" since {time.strftime('%Y-%m-%d %H:%M:%S', since)}"
    elif process.description:
        state += f" ({process.description})"
    return state if channel in wanted.channels else f"{state}, not in {CHANNELS_FILE}"


def _check() -> int:
    wanted = _wanted(os.environ, every_problem=True)
    count = len(wanted.channels)
    print(f"{CHANNELS_FILE} and the settings name {count} channel{'' if count == 1 else 's'}")
    return exit_codes.SETTINGS if wanted.problems else exit_codes.OK


def _wanted_of(supervisord: ServerProxy) -> WantedChannels:
    """Return what is wanted of *supervisord*; raise _FailedError if it cannot do that."""
    settings = readers_settings(supervisord)
    if settings is None:
        raise _FailedError(
            "supervisord does not apply channels: it was started by an earlier version, or its"
            " supervisord.conf lacks [rpcinterface:channels]; stop it and start it again"
        )
    # Not the variables of this shell: at its next start, supervisord would not have them.
    for name in CHANNEL_VARIABLES:
        if os.environ.get(name, "") not in ("", settings.environment[name]):
            _complain(f"{name} of this shell is ignored: supervisord has its own environment")
    wanted = _wanted({**os.environ, **settings.environment})
    if wanted.channels and settings.left_out:
        raise _FailedError("programs.conf leaves out the readers of this host", exit_codes.SETTINGS)
    return wanted


def _wanted(environment: Mapping[str, str], *, every_problem: bool = False) -> WantedChannels:
    """Return what is wanted, and print what is wrong with it."""
    wanted = wanted_channels(Path(), environment)
    _complain(*wanted.warnings)
    if wanted.is_missing and not wanted.channels and not wanted.problems:
        # A host without readers has no such file, but there nobody runs this command.
        missing = f"there is no {CHANNELS_FILE} in {Path.cwd()}, and TWITCH_CHANNELS is not set"
        wanted = replace(wanted, problems=(missing,))
    elif not wanted.channels and not wanted.problems:
        _complain(f"no channel to read: add some to {CHANNELS_FILE} or TWITCH_CHANNELS")
    _complain(*(wanted.problems if every_problem else first_of(wanted.problems)))
    return wanted


@contextmanager
def _supervisord() -> Iterator[ServerProxy]:
    """Connect to supervisord; raise _FailedError if it does not do what is asked."""
    url = os.environ.get("SUPERVISOR_SERVER_URL", f"unix://{SOCKET.absolute()}")
    try:
        with connect(url, within_s=ANSWER_WITHIN_S) as supervisord:
            yield supervisord
    except (OSError, http.client.HTTPException, xmlrpc.client.Error, StillRunningError) as error:
        raise _FailedError(_explain(error, url)) from None


def _explain(error: Exception, url: str) -> str:
    if isinstance(error, xmlrpc.client.Fault):
        return f"supervisord refused the request: {error.faultString}"
    if isinstance(error, OSError) and error.filename is None:
        return (
            f"cannot reach supervisord at {url} ({error}): is it running? When it starts, it"
            f" applies {CHANNELS_FILE} itself"
        )
    return str(error)


def _complain(*texts: str) -> None:
    # What was printed before comes first on a terminal.
    sys.stdout.flush()
    for text in texts:
        print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main_of("python -m readers.channels", add_apply_arguments, apply))
