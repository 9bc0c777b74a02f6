"""The table of the faults, and the errors of a verdict as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.judge import TopicVerdict, Verdict

_SHOWN = 5
_HEADS = (
    *("fault", "delivery", "rounds", "sent", "lost", "duplicated", "longest silence"),
    *("events", "events lost", "events duplicated"),
    *("in the books", "dropped", "unaccounted"),
)


@dataclass(frozen=True)
class Row:
    """The result of one fault."""

    fault: str
    delivery: str
    rounds: int
    verdict: Verdict

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row, one text per column."""
        verdict = self.verdict
        return (
            self.fault,
            self.delivery,
            str(self.rounds),
            str(verdict.sent),
            str(len(verdict.lost)),
            str(len(verdict.duplicated)),
            f"{verdict.longest_silence_s:.1f} s",
            str(verdict.events.sent),
            str(len(verdict.events.lost)),
            str(len(verdict.events.duplicated)),
            str(verdict.books_received),
            str(verdict.dropped),
            str(len(verdict.unbalanced)),
        )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of the table, in Markdown, whose rows have the cells of `Row`."""
    cells = [_HEADS, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]


@dataclass(frozen=True)
class Allowed:
    """The effects that a fault may have, and one that it must have."""

    #: How often readers may go back in each topic, which makes duplicates.
    went_back: int = 0
    #: Whether messages may be published again with another seq, and seqs may be unused.
    renumbering: bool = False
    #: Whether there may be gap records.
    gaps: bool = False
    #: Whether readers may give up messages that they have received, which are not lost.
    drops: bool = False
    #: How long Kafka must receive nothing, in seconds; else the fault had no effect.
    least_silence_s: float = 0.0


def problems(verdict: Verdict, allowed: Allowed) -> list[str]:
    """Return a text for each kind of error; none if all is well."""
    found = [
        *_problems_of_topic("messages", verdict, allowed),
        *_problems_of_topic("events", verdict.events, allowed),
        _listed("unbalanced", verdict.unbalanced),
    ]
    if not allowed.renumbering:
        found.append(_listed("seqs that no record has", verdict.unused))
        found.append(_listed("in the books otherwise than in Kafka", verdict.otherwise))
    least_silence_s = allowed.least_silence_s
    if verdict.gaps and not allowed.gaps:
        found.append(f"{verdict.gaps} gap records, although no reader was away")
    if verdict.dropped and not allowed.drops:
        found.append(f"the readers' books have {verdict.dropped} dropped messages")
    if verdict.longest_silence_s < least_silence_s:
        found.append(
            f"Kafka received nothing for {verdict.longest_silence_s:.1f} s at most: the fault "
            f"should have caused {least_silence_s:.1f} s, so it had no effect"
        )
    return [problem for problem in found if problem]


def _problems_of_topic(name: str, verdict: TopicVerdict, allowed: Allowed) -> list[str]:
    found = [_listed(f"{name} lost", verdict.lost), _listed(f"{name} wrong", verdict.wrong)]
    if not allowed.went_back and not allowed.renumbering:
        found.append(_listed(f"{name} duplicated", verdict.duplicated))
    if not allowed.renumbering:
        found.append(_listed(f"{name} with another seq", verdict.renumbered))
    times = verdict.went_back
    if times > allowed.went_back:
        found.append(f"readers went back {times} times in {name}, allowed: {allowed.went_back}")
    return found


def _listed(kind: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return "\n    ".join([f"{len(items)} {kind}:", *items[:_SHOWN], *more])
