"""The publisher's summary line."""

from __future__ import annotations

from common.status.publisher_status import PublisherStatus
from publisher.summary import Numbers, numbers, summary


def _numbers(now: PublisherStatus) -> Numbers:
    return numbers(now, PublisherStatus())


def test_the_summary_has_only_counts_above_zero() -> None:
    """Zeros would make the line hard to read."""
    status = PublisherStatus(taken=12, unconfirmed=2, malformed_frames={"unknown version": 3})

    assert summary(_numbers(status)) == (
        "12 messages taken; 10 confirmed by Kafka; 3 frames dropped, unknown version"
    )


def test_a_count_of_one_is_in_the_singular() -> None:
    """Also a count of one reason."""
    status = PublisherStatus(
        taken=1, unconfirmed=1, ended_connections=1, refused_batches={"out of sequence": 1}
    )

    assert summary(_numbers(status)) == (
        "1 message taken; 1 connection ended; 1 batch refused, out of sequence"
    )


def test_the_numbers_have_all_counts_and_only_the_reasons_that_occurred() -> None:
    """A field that comes and goes would be hard to plot."""
    status = PublisherStatus(
        taken=12, abandoned=12, refused_connections={"unknown key": 2, "no reader": 0}
    )

    assert _numbers(status) == {
        "taken": 12,
        "confirmed": 0,
        "duplicates_left_out": 0,
        "gaps_left_out": 0,
        "events_left_out": 0,
        "dead_letters": 0,
        "connections_ended": 0,
        "connections_refused": {"unknown key": 2},
        "refused": {},
        "malformed": {},
    }


def test_only_what_happened_since_the_start_of_the_process_is_in_it() -> None:
    """The page goes on counting over restarts, the log does not."""
    before = PublisherStatus(
        taken=100, abandoned=40, dead_letters={"INVALID_RECORD": 1}, refused_batches={"why": 5}
    )
    now = PublisherStatus(
        taken=112, abandoned=40, dead_letters={"INVALID_RECORD": 3}, refused_batches={"why": 5}
    )

    assert summary(numbers(now, before)) == (
        "12 messages taken; 12 confirmed by Kafka; 2 dead letters"
    )


def test_the_summary_is_never_empty() -> None:
    """Also if nothing has happened."""
    assert summary(_numbers(PublisherStatus())) == "no messages since the start"
