"""What a person has chosen to see of the table: which rows, in which order, from where on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.printable import printable
from monitor.collection.snapshot import Snapshot
from monitor.terminal.columns import COLUMNS, Column, Row

_MOST_CHARACTERS = 50


@dataclass
class View:
    """It is changed by keys: see `press`."""

    sorted_by: int = 0
    is_reversed: bool = False
    #: Only rows are shown that have this text somewhere, in letters of either case.
    filter_text: str = ""
    #: Whether keys are letters of the filter.
    is_typing: bool = False
    #: The first row that is shown, from 0.
    first: int = 0
    is_over: bool = False

    @property
    def column(self) -> Column:
        """The column that the table is sorted by."""
        return COLUMNS[self.sorted_by]

    def press(self, key: str, page: int) -> None:
        """Do what *key* is for. *page* is how many rows are on the screen."""
        if self.is_typing:
            self._type(key)
        elif key in ("q", "Q"):
            self.is_over = True
        elif key == "/":
            self.is_typing = True
        elif key == "escape":
            self.filter_text, self.first = "", 0
        elif key == "s":
            self.sorted_by, self.is_reversed = (self.sorted_by + 1) % len(COLUMNS), False
            self.first = 0
        elif key == "r":
            self.is_reversed = not self.is_reversed
            self.first = 0
        else:
            self._scroll(key, page)

    def _type(self, key: str) -> None:
        if key == "enter":
            self.is_typing = False
        elif key == "escape":
            self.is_typing, self.filter_text = False, ""
        elif key == "backspace":
            self.filter_text = self.filter_text[:-1]
        elif len(key) == 1 and key.isprintable():
            self.filter_text = (self.filter_text + key)[:_MOST_CHARACTERS]
        self.first = 0

    def _scroll(self, key: str, page: int) -> None:
        steps = {"up": -1, "down": 1, "page up": -page, "page down": page, " ": page}
        if key == "home":
            self.first = 0
        elif key == "end":
            self.first = 1_000_000_000
        else:
            self.first += steps.get(key, 0)

    def keep_within(self, rows: int, page: int) -> None:
        """Move `first` so that the last of *rows* is at the end of a *page* at most."""
        self.first = max(0, min(self.first, rows - page))


def rows_of(hosts: Sequence[Snapshot], view: View) -> list[Row]:
    """Return the rows of all *hosts* that *view* shows, in its order."""
    rows = [Row(host.host, host.at_ms, channel) for host in hosts for channel in host.channels]
    wanted = view.filter_text.casefold()
    if wanted:
        rows = [row for row in rows if wanted in _text(row)]
    rows.sort(key=lambda row: (row.channel.channel, row.host))
    # Stable, so rows that are alike stay in the order of their names.
    rows.sort(key=view.column.key, reverse=view.is_reversed)
    return rows


def _text(row: Row) -> str:
    channel = row.channel
    parts = (row.host, channel.channel, channel.state, channel.problem)
    return "\n".join(map(printable, parts)).casefold()
