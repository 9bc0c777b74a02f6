"""The publisher's counts for its log, as one line of text and as numbers."""

from __future__ import annotations

from collections.abc import Mapping

from common.status.publisher_status import PublisherStatus

Numbers = dict[str, "int | Mapping[str, int]"]


def numbers(now: PublisherStatus, before: PublisherStatus) -> Numbers:
    """
    Return the counts of *now* that are not of *before*, by name.

    Of the counts by reason, only those above zero. A record counts as confirmed when its batch is,
    also if it is a dead letter or was left out.
    """
    settled = _settled(now) - _settled(before)
    return {
        "taken": now.taken - before.taken,
        "confirmed": settled,
        "duplicates_left_out": now.duplicates - before.duplicates,
        "gaps_left_out": now.left_out_gaps - before.left_out_gaps,
        "events_left_out": now.left_out_events - before.left_out_events,
        "dead_letters": sum(now.dead_letters.values()) - sum(before.dead_letters.values()),
        "connections_ended": now.ended_connections - before.ended_connections,
        "connections_refused": _since(now.refused_connections, before.refused_connections),
        "refused": _since(now.refused_batches, before.refused_batches),
        "malformed": _since(now.malformed_frames, before.malformed_frames),
    }


def summary(counts: Numbers) -> str:
    """Return the counts above zero as one line of text."""
    parts = [
        *_parts(counts["taken"], "message taken", "messages taken"),
        *_parts(counts["confirmed"], "confirmed by Kafka", "confirmed by Kafka"),
        *_parts(counts["duplicates_left_out"], "duplicate left out", "duplicates left out"),
        *_parts(counts["gaps_left_out"], "gap left out", "gaps left out"),
        *_parts(counts["events_left_out"], "event left out", "events left out"),
        *_parts(counts["dead_letters"], "dead letter", "dead letters"),
        *_parts(counts["connections_ended"], "connection ended", "connections ended"),
        *_parts(counts["connections_refused"], "connection refused", "connections refused"),
        *_parts(counts["refused"], "batch refused", "batches refused"),
        *_parts(counts["malformed"], "frame dropped", "frames dropped"),
    ]
    return "; ".join(parts) or "no messages since the start"


def _settled(status: PublisherStatus) -> int:
    return status.taken - status.unconfirmed - status.abandoned


def _since(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    counts = {reason: count - before.get(reason, 0) for reason, count in now.items()}
    return {reason: count for reason, count in counts.items() if count}


def _parts(count: int | Mapping[str, int], singular: str, plural: str) -> list[str]:
    if isinstance(count, int):
        return [f"{count} {singular if count == 1 else plural}"] if count else []
    return [
        f"{number} {singular if number == 1 else plural}, {reason}"
        for reason, number in count.items()
    ]
