"""Which message ids are remembered."""

from __future__ import annotations

from common.recent_ids import RecentIds


def test_an_id_is_new_once() -> None:
    """The second time, it is a duplicate."""
    recent: RecentIds[str] = RecentIds(limit=3)
    assert recent.add("a")
    assert recent.add("b")
    assert not recent.add("a")


def test_the_oldest_id_is_forgotten_first() -> None:
    """The last three of five stay."""
    recent: RecentIds[bytes] = RecentIds(limit=3)
    for message_id in (b"a", b"b", b"c", b"d", b"e"):
        recent.add(message_id)

    assert [message_id in recent for message_id in (b"a", b"b", b"c", b"d", b"e")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert len(recent) == 3


def test_a_repeated_id_does_not_evict_others() -> None:
    """It is stored once, and evicted no later than without the repetition."""
    recent: RecentIds[bytes] = RecentIds(limit=2)
    for message_id in (b"a", b"b", b"a", b"a"):
        recent.add(message_id)
    assert b"b" in recent

    recent.add(b"c")

    assert b"a" not in recent
    assert b"b" in recent
