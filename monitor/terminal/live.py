"""`top` on a terminal: the screen, drawn again each second and after each key."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from common import exit_codes
from monitor.collection.asked_host import AskedHost
from monitor.collection.snapshot import Snapshot
from monitor.terminal.asking import keep_asking, snapshots
from monitor.terminal.keys import Keys
from monitor.terminal.screen import ENDING, Screen, Wakeups
from monitor.terminal.summary import summary
from monitor.terminal.table import header, line, place
from monitor.terminal.view import View, rows_of

_KEYS = "q quit   arrows, page keys scroll   / filter   s sort by the next column   r reverse"

#: The least lines for the table: its titles and a row.
_LEAST_TABLE = 2


def watch(hosts: Sequence[AskedHost], console: Console) -> int:
    """Show *hosts* on *console*, a terminal, until somebody ends it; return the exit status."""
    wakeups = Wakeups()
    with wakeups.of_signals(), Screen(console) as screen:
        keep_asking(hosts, wakeups.tell)
        number = _run(hosts, screen, wakeups)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    if number:
        # Whoever has started this process sees what has ended it.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return exit_codes.OK


def _run(hosts: Sequence[AskedHost], screen: Screen, wakeups: Wakeups) -> int:
    """Return the number of the signal that has ended it, 0 for none."""
    keys, view, page = Keys(), View(), 1
    while not view.is_over:
        try:
            width, height = screen.size()
            lines, page = frame(snapshots(hosts), view, width, height)
            screen.show(lines)
            typed = screen.wait(wakeups)
        except (OSError, EOFError):  # the terminal is gone
            return signal.SIGHUP
        for number in wakeups.signals():
            if number in ENDING:
                return number
            if number == signal.SIGTSTP:
                screen.stop()
        for key in keys.read(typed):
            view.press(key, page)
    return 0


def frame(hosts: Sequence[Snapshot], view: View, width: int, height: int) -> tuple[list[Text], int]:
    """Return the lines of the screen, *height* at most, and how many rows of the table it has."""
    rows = rows_of(hosts, view)
    above = summary(hosts, max(1, min(height // 2, height - _LEAST_TABLE - 2)))
    page = max(1, height - len(above) - 3)
    view.keep_within(len(rows), page)
    shown = rows[view.first : view.first + page]
    placed = place(rows, width, with_host=len(hosts) > 1)
    table = [header(placed, view.column, is_reversed=view.is_reversed)]
    table += [line(row, placed) for row in shown]
    body = [*above, Text(), *table][: height - 1]
    body += [Text()] * (height - 1 - len(body))
    lines = [*body, _foot(view, len(rows))]
    for each in lines:
        each.truncate(width, overflow="ellipsis")
    return lines, page


def _foot(view: View, rows: int) -> Text:
    if view.is_typing:
        return Text(f"filter: {view.filter_text}_   Enter keep   Escape remove", "bold")
    if view.filter_text:
        return Text(f"{rows} with {view.filter_text!r}   Escape all   {_KEYS}", "dim")
    return Text(_KEYS, "dim")
