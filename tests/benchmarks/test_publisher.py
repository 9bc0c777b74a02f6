"""The benchmark of the publisher and of a bare loop of `produce`."""

from __future__ import annotations

from benchmarks import publisher


def test_the_publisher_is_compared_with_bare_loops_on_the_same_cluster() -> None:
    """Each of the three delivers the same number of messages, and has a ratio."""
    rows = publisher.compare("embedded", 1000, rounds=1)
    assert [row["who"] for row in rows] == [
        publisher.PUBLISHER,
        publisher.BARE_WITH_HEADERS,
        publisher.BARE,
    ]
    for row in rows:
        assert row.keys() == {
            "kafka",
            "who",
            "messages",
            "rounds",
            "messages/s",
            "publisher's ratio to it",
            "CPU s per million",
            "busy",
            "load busy",
        }
        assert row["messages"] == 1000
    assert rows[0]["publisher's ratio to it"] == 1
