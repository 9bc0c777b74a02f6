"""Which ids of published messages are remembered."""

from __future__ import annotations

from publisher.published_ids import PublishedIds


def test_the_oldest_id_is_forgotten_first() -> None:
    """Keeps the last three of five."""
    published = PublishedIds(limit=3)
    for message_id in (b"a", b"b", b"c", b"d", b"e"):
        published.add(message_id)

    assert [message_id in published for message_id in (b"a", b"b", b"c", b"d", b"e")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert len(published) == 3


def test_an_id_that_comes_again_pushes_no_other_out() -> None:
    """It is remembered once, and as long as it would have been."""
    published = PublishedIds(limit=2)
    for message_id in (b"a", b"b", b"a", b"a"):
        published.add(message_id)
    assert b"b" in published

    published.add(b"c")

    assert b"a" not in published
    assert b"b" in published
