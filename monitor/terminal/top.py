"""`twitch-ingestion top`: what the live page shows, in a terminal."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
from collections.abc import Sequence

from rich.console import Console

from common import exit_codes
from common.arguments import main_of
from common.command_line import program
from common.settings import Settings
from common.startup import start
from monitor.collection.asked_host import AskedHost
from monitor.collection.own_address import NoAddressError, own_address
from monitor.collection.remote import UnreachableError
from monitor.collection.snapshot import Level, Snapshot
from monitor.terminal.arguments import add_arguments
from monitor.terminal.asking import ask_all, snapshots
from monitor.terminal.live import watch
from monitor.terminal.printed import json_of, print_once
from monitor.terminal.screen import KEYBOARD

#: Seconds that a monitor has to answer.
_ANSWER_WITHIN_S = 3.0


def run(options: argparse.Namespace) -> int:
    """Do what *options* say; return the exit status."""
    settings = start("top")
    try:
        hosts = _hosts(settings)
    except NoAddressError as error:
        print(f"{error} {_start_it()}", file=sys.stderr)
        return exit_codes.FAILURE
    ask_all(hosts)
    if all(host.error for host in hosts):
        for host in hosts:
            print(_explained(host, is_own=host is hosts[0]), file=sys.stderr)
        return exit_codes.FAILURE
    # A terminal of an older character set shows a question mark for what it has not.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(highlight=False, markup=False, emoji=False)
    if not options.json and not options.once and _is_interactive(console):
        return watch(hosts, console)
    found = snapshots(hosts)
    if options.json:
        print(json_of(found))
    else:
        print_once(found, console)
    return _status(found)


def _hosts(settings: Settings) -> list[AskedHost]:
    """Return the hosts of *settings*, this one first. Raises NoAddressError."""
    own = own_address(settings.monitor_bind, settings.state_dir)
    addresses = dict.fromkeys((own, *settings.monitor_peers))
    return [AskedHost(address, settings.monitor_token, _ANSWER_WITHIN_S) for address in addresses]


def _is_interactive(console: Console) -> bool:
    return console.is_terminal and not console.is_dumb_terminal and os.isatty(KEYBOARD)


def _explained(host: AskedHost, *, is_own: bool) -> str:
    error = host.error
    assert error is not None
    advice = _start_it() if is_own and isinstance(error, UnreachableError) else error.advice
    return f"{error} {advice}"


def _start_it() -> str:
    status = shlex.join([*program("supervisorctl"), "-c", "supervisord.conf", "status", "monitor"])
    return f"See whether it runs: {status}"


def _status(hosts: Sequence[Snapshot]) -> int:
    is_well = all(host.level is not Level.PROBLEM for host in hosts)
    return exit_codes.OK if is_well else exit_codes.FAILURE


if __name__ == "__main__":
    sys.exit(main_of("python -m monitor.terminal.top", add_arguments, run))
