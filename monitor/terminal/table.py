"""Lays the table of channels out in lines that are as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from monitor.collection.snapshot import Level
from monitor.terminal.columns import COLUMNS, HOST, PROBLEM, Column, Row

STYLES = {Level.PROBLEM: "bold red", Level.WARNING: "yellow", Level.OK: ""}

_BETWEEN = 2
_NARROWEST_PROBLEM = 12


@dataclass(frozen=True)
class Placed:
    """A column and its width in characters."""

    column: Column
    width: int


def place(rows: Sequence[Row], width: int | None, *, with_host: bool) -> list[Placed]:
    """
    Return the columns for *rows*, as wide as their longest text.

    If they are wider than *width*, which None never is, the least important ones are left out.
    """
    columns = (COLUMNS[0], *((HOST,) if with_host else ()), *COLUMNS[1:])
    placed = [Placed(column, _widest(column, rows)) for column in columns]
    if width is None:
        return [*placed, Placed(PROBLEM, _widest(PROBLEM, rows))]
    while len(placed) > 1 and _total(placed) > width:
        placed.remove(min(placed, key=lambda each: each.column.weight))
    left = width - _total(placed) - _BETWEEN
    if left >= _NARROWEST_PROBLEM:
        placed.append(Placed(PROBLEM, left))
    return placed


def header(placed: Sequence[Placed], sorted_by: Column, *, is_reversed: bool) -> Text:
    """Return the line of titles, in which the column that the table is sorted by is underlined."""
    style = "bold reverse" if is_reversed else "bold underline"
    cells = [
        _cell(each, each.column.title, style if each.column is sorted_by else "bold")
        for each in placed
    ]
    return _joined(cells)


def line(row: Row, placed: Sequence[Placed]) -> Text:
    """Return the line of *row*."""
    style = STYLES[row.channel.level]
    return _joined([_cell(each, each.column.text(row), style) for each in placed])


def _widest(column: Column, rows: Sequence[Row]) -> int:
    return max([cell_len(column.title), *(cell_len(column.text(row)) for row in rows)])


def _total(placed: Sequence[Placed]) -> int:
    return sum(each.width for each in placed) + _BETWEEN * (len(placed) - 1)


def _cell(placed: Placed, text: str, style: str) -> Text:
    cell = Text(text, style, no_wrap=True)
    cell.truncate(placed.width, overflow="ellipsis")
    cell.align("right" if placed.column.is_number else "left", placed.width)
    return cell


def _joined(cells: Sequence[Text]) -> Text:
    line = Text(" " * _BETWEEN, no_wrap=True).join(cells)
    line.rstrip()
    return line
