"""The delays between attempts."""

from __future__ import annotations

from common.backoff import Backoff


def test_delays_double_up_to_the_largest_ceiling() -> None:
    """With the largest chance, each delay is its ceiling."""
    backoff = Backoff(1.0, 60.0, chance=lambda: 1.0)
    assert [backoff.next_delay_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_jitter_shortens_a_delay_by_half_at_most() -> None:
    """No process retries immediately."""
    backoff = Backoff(4.0, 60.0, chance=lambda: 0.0)
    assert [backoff.next_delay_s() for _ in range(2)] == [2, 4]


def test_after_a_reset_the_delays_start_again() -> None:
    """As if no attempt had failed."""
    backoff = Backoff(1.0, 60.0, chance=lambda: 1.0)
    backoff.next_delay_s()
    backoff.next_delay_s()
    backoff.reset()
    assert backoff.next_delay_s() == 1


def test_full_jitter_can_shorten_a_delay_to_nothing() -> None:
    """With a smallest share of 0, the delay is the ceiling times chance."""
    backoff = Backoff(2.0, 60.0, min_share=0.0, chance=lambda: 0.25)
    assert [backoff.next_delay_s() for _ in range(3)] == [0.5, 1, 2]


def test_without_jitter_chance_has_no_effect() -> None:
    """With a smallest share of 1, each delay is the ceiling."""
    backoff = Backoff(1.0, 30.0, min_share=1.0)
    assert [backoff.next_delay_s() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_by_default_the_delays_lie_within_their_ceilings() -> None:
    """They are not all the same."""
    backoff = Backoff(10.0, 10.0)
    delays = {backoff.next_delay_s() for _ in range(50)}
    assert all(5 <= delay <= 10 for delay in delays)
    assert len(delays) > 1
