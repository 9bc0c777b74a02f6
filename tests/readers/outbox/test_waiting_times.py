"""How long messages have waited: until Kafka confirmed them, and not until that was read."""

from __future__ import annotations

import pytest

from readers.outbox.waiting_times import ConfirmedTimes, WaitingTimes

#: In Unix milliseconds.
SAID = 1_700_000_000_000
NOW = SAID + 5000


@pytest.fixture
def times() -> WaitingTimes:
    """Return three batches, which end with the records 2, 3 and 7."""
    times = WaitingTimes()
    for last_seq, messages in ((2, 2), (3, 1), (7, 4)):
        times.add(last_seq, SAID, SAID, messages)
    return times


def test_each_batch_has_waited_until_its_part_was_confirmed(times: WaitingTimes) -> None:
    """A part may hold several batches."""
    confirmed = [(3, SAID * 1000 + 10_500), (7, SAID * 1000 + 40_000)]
    assert times.remove_until(7, confirmed, NOW) == [(10.5, 2), (10.5, 1), (40.0, 4)]


def test_what_is_not_said_to_be_confirmed_counts_as_confirmed_now(times: WaitingTimes) -> None:
    """Older publishers do not say it, and a repeated acknowledgement does not."""
    assert times.remove_until(2, [], NOW) == [(5000, 2)]
    assert times.remove_until(7, [(3, SAID * 1000)], NOW) == [(0, 1), (5000, 4)]


@pytest.mark.parametrize(
    ("confirmed", "waited"),
    [
        pytest.param([(7, 2**64 - 1)], 5000, id="in the future"),
        pytest.param([(7, -(2**63))], 0, id="long ago"),
        pytest.param([(9, SAID * 1000), (-1, 0), (2**64 - 1, 5)], 0, id="in no order"),
        pytest.param([(1, SAID * 1000)] * 1000, 5000, id="many times"),
    ],
)
def test_a_nonsensical_time_is_between_none_and_all_that_has_passed(
    times: WaitingTimes, confirmed: ConfirmedTimes, waited: float
) -> None:
    """It comes from another host, whose clock may be anything."""
    assert times.remove_until(7, confirmed, NOW) == [(waited, 2), (waited, 1), (waited, 4)]
    assert times.oldest_ms == 0
