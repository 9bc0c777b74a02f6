"""The command line of `top`. It is described without what shows it, which takes some memory."""

from __future__ import annotations

import argparse

from common.settings_help import settings_help


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = f"""\
Show the state of this host, and of MONITOR_PEERS, in the terminal, each second. It asks the
monitor of each host, and needs no other access.

Keys: q quits; arrows, page keys, Home and End scroll; / filters by a text in the name, the state
or the problem of a channel; s sorts by the next column; r reverses the order.

With --once or --json, or if the output is no terminal, it prints the state once. It exits then
with 0, or with 1 if there is a problem on one of the hosts (a warning is none) or a monitor does
not answer.

{settings_help("top")}"""
    parser.add_argument("--once", action="store_true", help="print everything once, and exit")
    parser.add_argument("--json", action="store_true", help="print everything once, as JSON")
