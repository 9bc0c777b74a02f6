"""
Plots the figures of a benchmark: docs/scale.svg and docs/soak.svg.

`python -m benchmarks.plot FILE ...`; `scale --json` or `soak --json` writes each FILE.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contestants import SERVICE

DOCS = Path(__file__).parent.parent / "docs"


def draw(file: Path, folder: Path = DOCS) -> Path:
    """Plot the figures in *file* into *folder*; return the path of the plot."""
    content = json.loads(file.read_text())
    drawings: dict[str, Callable[[Any], Figure]] = {"scale": _scale, "soak": _soak}
    figure = drawings[content["benchmark"]](content)
    figure.suptitle(content["machine"], fontsize=7)
    picture = folder / f"{content['benchmark']}.svg"
    # No date and no random ids, so that the same figures give the same file. Text stays text.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmark"}):
        figure.savefig(picture, metadata={"Date": None})
    return picture


def _scale(content: Any) -> Figure:
    figure = Figure(figsize=(11, 3.5), layout="constrained")
    memory, *processor = figure.subplots(1, 3)
    for name, axes in zip(("idle", "traffic"), processor, strict=True):
        rows = [row for row in content[name] if row["what"] == SERVICE]
        channels = [row["channels"] for row in rows]
        memory.plot(channels, [row["all PSS MiB"] / 1024 for row in rows], "o-", label=name)
        for who in ("readers", "publisher", "supervisord"):
            axes.plot(channels, [row[f"{who} CPU %"] for row in rows], "o-", label=who)
        for row in content[name]:
            if row["what"] != SERVICE:
                axes.plot(row["channels"], row["all CPU %"], "x", label=row["what"])
                if name == "traffic":
                    memory.plot(row["channels"], row["all PSS MiB"] / 1024, "x", label=row["what"])
        _finish(axes, f"channels, {name}", "processor, % of one core")
    _finish(memory, "channels", "memory of all processes, GiB (PSS)")
    return figure


def _soak(content: Any) -> Figure:
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    rows = content["memory"]
    minutes = [row["minutes"] for row in rows]
    for name in rows[0]:
        if name != "minutes":
            axes.plot(minutes, [row[name] for row in rows], label=name)
    result = content["result"][0]
    _finish(axes, f"minutes, at {result['messages/s']:,} messages/s", "private memory, MiB")
    return figure


def _finish(axes: Axes, along: str, up: str) -> None:
    axes.set_xlabel(along)
    axes.set_ylabel(up)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)


def main() -> None:
    """Plot the files and print the paths of the plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    for file in parser.parse_args().files:
        print(draw(file))


if __name__ == "__main__":
    main()
