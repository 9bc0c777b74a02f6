"""The benchmark of the whole pipeline, with a few messages."""

from __future__ import annotations

from benchmarks.pipeline import measure


def test_the_messages_of_all_readers_are_confirmed_and_counted_together() -> None:
    """Two readers share the messages. Their figures are sums; the publisher has its own."""
    figures = measure("embedded", 300, readers=2)
    assert (figures["readers"], figures["messages"]) == (2, 300)
    assert list(figures)[:4] == ["kafka", "readers", "messages", "messages/s"]
    for process in ("reader", "publisher"):
        assert {f"{process} {unit}" for unit in ("CPU s", "MiB", "peak MiB")} <= set(figures)
