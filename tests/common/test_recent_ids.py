"""Which ids of messages are remembered."""

from __future__ import annotations

from common.recent_ids import RecentIds


def test_an_id_is_new_once() -> None:
    """The second time it is a repetition."""
    recent: RecentIds[str] = RecentIds(limit=3)
    assert recent.add("a")
    assert recent.add("b")
    assert not recent.add("a")


def test_the_oldest_id_is_forgotten_first() -> None:
    """Keeps the last three of five."""
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


def test_an_id_that_comes_again_pushes_no_other_out() -> None:
    """It is remembered once, and as long as it would have been."""
    recent: RecentIds[bytes] = RecentIds(limit=2)
    for message_id in (b"a", b"b", b"a", b"a"):
        recent.add(message_id)
    assert b"b" in recent

    recent.add(b"c")

    assert b"a" not in recent
    assert b"b" in recent
