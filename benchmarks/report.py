"""Prints a benchmark's figures as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.installation import machine

#: A table with more columns is printed with one line for each column.
_MOST_COLUMNS = 15


def report(name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print *rows* as a table and as one line of JSON. All rows have the same keys."""
    columns = list(rows[0])
    cells = [columns, *([_cell(row[column]) for column in columns] for row in rows)]
    if len(columns) > _MOST_COLUMNS:
        cells = [list(line) for line in zip(*cells, strict=True)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{name} on {machine()}")
    for line in cells:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)))
    print(json.dumps({"benchmark": name, "machine": machine(), "rows": rows}))


def write_json(file: Path, name: str, **tables: Sequence[Mapping[str, object]]) -> None:
    """Write the *tables* of the benchmark *name* to *file*, the input of benchmarks.plot."""
    content = {"benchmark": name, "machine": machine(), **tables}
    file.write_text(json.dumps(content, indent=1) + "\n")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
