"""`top --once`: everything, printed once."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from rich.console import Console

from monitor.collection.snapshot import Snapshot
from monitor.terminal.summary import summary
from monitor.terminal.table import header, line, place
from monitor.terminal.view import View, rows_of


def print_once(hosts: Sequence[Snapshot], console: Console) -> None:
    """
    Print the state of *hosts* and all rows of the table to *console*.

    On a terminal, columns for which there is no room are left out, and long texts are clipped.
    """
    view = View()
    rows = rows_of(hosts, view)
    width = console.width if console.is_terminal else None
    placed = place(rows, width, with_host=len(hosts) > 1)
    for each in summary(hosts, None):
        console.print(each, soft_wrap=True, highlight=False)
    console.print()
    for each in (
        header(placed, view.column, is_reversed=False),
        *(line(row, placed) for row in rows),
    ):
        console.print(each, soft_wrap=True, highlight=False)


def json_of(hosts: Sequence[Snapshot]) -> str:
    """Return *hosts* as JSON in ASCII: a terminal would obey some other characters."""
    return json.dumps({"hosts": msgspec.to_builtins(list(hosts))})
