"""Counts of what the publisher has done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Counts since the process started."""

    #: Records accepted from readers.
    taken: int = 0
    #: Records of confirmed batches, including dead letters and records that were left out.
    confirmed: int = 0
    #: Messages left out because another reader had sent them too.
    duplicates_left_out: int = 0
    #: Gap records left out because another reader was in the channel.
    gaps_left_out: int = 0
    #: Records that went to the dead-letter topic.
    dead_letters: int = 0
    #: Ended connections, of readers and of any other peer.
    connections_ended: int = 0
    #: Refused connections, by reason.
    connections_refused: Counter[str] = field(default_factory=Counter)
    #: Refused batches, by reason; their readers send them again.
    refused: Counter[str] = field(default_factory=Counter)
    #: Invalid messages, by reason.
    malformed: Counter[str] = field(default_factory=Counter)

    def numbers(self) -> dict[str, int | Mapping[str, int]]:
        """Return all counts by name; of those by reason, only the ones above zero."""
        return {
            name: {why: count for why, count in value.items() if count}
            if isinstance(value, Counter)
            else value
            for name, value in vars(self).items()
        }

    def summary(self) -> str:
        """Return the counts above zero as one line of text."""
        parts = [
            _part(self.taken, "message taken", "messages taken"),
            _part(self.confirmed, "confirmed by Kafka", "confirmed by Kafka"),
            _part(self.duplicates_left_out, "duplicate left out", "duplicates left out"),
            _part(self.gaps_left_out, "gap left out", "gaps left out"),
            _part(self.dead_letters, "dead letter", "dead letters"),
            _part(self.connections_ended, "connection ended", "connections ended"),
            *_parts(self.connections_refused, "connection refused", "connections refused"),
            *_parts(self.refused, "batch refused", "batches refused"),
            *_parts(self.malformed, "frame dropped", "frames dropped"),
        ]
        return "; ".join(part for part in parts if part) or "no messages since the start"


def _parts(counts: Counter[str], singular: str, plural: str) -> list[str]:
    return [f"{_part(count, singular, plural)}, {why}" for why, count in counts.items() if count]


def _part(count: int, singular: str, plural: str) -> str:
    return f"{count} {singular if count == 1 else plural}" if count else ""
