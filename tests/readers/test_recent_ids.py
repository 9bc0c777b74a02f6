"""Remembering the ids of the last messages."""

from __future__ import annotations

from readers.recent_ids import RecentIds


def test_an_id_is_new_once() -> None:
    """The second time it is a repetition."""
    recent = RecentIds()
    assert recent.is_new("a")
    assert recent.is_new("b")
    assert not recent.is_new("a")


def test_only_the_last_ids_are_remembered() -> None:
    """The oldest is forgotten first, so that memory stays bounded."""
    recent = RecentIds(limit=2)
    for message_id in ("a", "b", "c"):
        assert recent.is_new(message_id)
    assert not recent.is_new("b")
    assert recent.is_new("a")
