"""The table of the faults, and what is wrong with a verdict, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.judge import Verdict

_SHOWN = 5
_HEADS = ("fault", "delivery", "rounds", "said", "lost", "duplicated", "longest silence")


@dataclass(frozen=True)
class Row:
    """What one fault came to."""

    fault: str
    delivery: str
    rounds: int
    verdict: Verdict

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table, a text for each column."""
        verdict = self.verdict
        return (
            self.fault,
            self.delivery,
            str(self.rounds),
            str(verdict.said),
            str(len(verdict.lost)),
            str(len(verdict.duplicated)),
            f"{verdict.longest_silence_s:.1f} s",
        )


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of the table, in Markdown."""
    cells = [_HEADS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]


@dataclass(frozen=True)
class Allowed:
    """What a fault may lead to, and has to."""

    #: How often readers may go back; what comes twice by that is fine.
    goings_back: int = 0
    #: Whether something may come twice under another number, and leave out its first one.
    renumbering: bool = False
    #: Whether there may be gaps.
    gaps: bool = False
    #: For how long Kafka has to have got nothing; else the fault was none. In seconds.
    least_silence_s: float = 0.0


def problems(verdict: Verdict, allowed: Allowed) -> list[str]:
    """Return what is wrong, a text for each kind; nothing if all is well."""
    found = [_listed("lost", verdict.lost), _listed("wrong", verdict.wrong)]
    if not allowed.goings_back and not allowed.renumbering:
        found.append(_listed("duplicated", verdict.duplicated))
    if not allowed.renumbering:
        found.append(_listed("under another number", verdict.renumbered))
        found.append(_listed("numbers that no record has", verdict.unused))
    goings_back, least_silence_s = allowed.goings_back, allowed.least_silence_s
    if verdict.goings_back > goings_back:
        found.append(f"readers went back {verdict.goings_back} times, not {goings_back}")
    if verdict.gaps and not allowed.gaps:
        found.append(f"{verdict.gaps} gaps are told of, though no reader was away")
    if verdict.longest_silence_s < least_silence_s:
        found.append(
            f"Kafka got something every {verdict.longest_silence_s:.1f} s at least: the fault "
            f"should have kept it from that for {least_silence_s:.1f} s, so it was none"
        )
    return [problem for problem in found if problem]


def _listed(kind: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return "\n    ".join([f"{len(items)} {kind}:", *items[:_SHOWN], *more])
