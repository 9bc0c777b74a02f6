"""Up to which time everything received is in Kafka."""

from __future__ import annotations

from readers.link.received_until import ReceivedUntil


def test_only_the_time_of_acknowledged_records_is_safe() -> None:
    """The time before the first unacknowledged record is safe."""
    received_until = ReceivedUntil()
    assert received_until.safe_until_ms(0) == 0
    received_until.on_received(5, 1000)
    received_until.on_received(9, 2000)
    assert received_until.safe_until_ms(4) == 0
    assert received_until.safe_until_ms(8) == 1000
    assert received_until.safe_until_ms(9) == 2000


def test_a_time_without_messages_is_safe() -> None:
    """Nothing was received that could be lost."""
    received_until = ReceivedUntil()
    for received_ms in (1000, 2000, 3000):
        received_until.on_received(5, received_ms)
    assert received_until.safe_until_ms(5) == 3000


def test_a_long_outage_keeps_only_the_latest_times() -> None:
    """It takes no more memory than a short one."""
    received_until = ReceivedUntil()
    for second in range(100_000):
        received_until.on_received(second, second * 1000)
    assert received_until.safe_until_ms(10) == 0
    assert received_until.safe_until_ms(99_999) == 99_999_000
