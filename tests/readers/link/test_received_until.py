"""Having heard something counts once it is in Kafka."""

from __future__ import annotations

from readers.link.received_until import ReceivedUntil


def test_what_is_not_acknowledged_is_not_safe() -> None:
    """What was heard before it is."""
    heard = ReceivedUntil()
    assert heard.safe_until_ms(0) == 0
    heard.on_received(5, 1000)
    heard.on_received(9, 2000)
    assert heard.safe_until_ms(4) == 0
    assert heard.safe_until_ms(8) == 1000
    assert heard.safe_until_ms(9) == 2000


def test_silence_is_safe() -> None:
    """Where nothing new was heard, there is nothing to lose."""
    heard = ReceivedUntil()
    for received_ms in (1000, 2000, 3000):
        heard.on_received(5, received_ms)
    assert heard.safe_until_ms(5) == 3000


def test_a_long_outage_is_remembered_by_its_end() -> None:
    """And takes no more memory than a short one."""
    heard = ReceivedUntil()
    for second in range(100_000):
        heard.on_received(second, second * 1000)
    assert heard.safe_until_ms(10) == 0
    assert heard.safe_until_ms(99_999) == 99_999_000
