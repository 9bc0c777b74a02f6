"""The whole way at full speed, for a handful of messages."""

from __future__ import annotations

from benchmarks.pipeline import measure


def test_all_readers_messages_are_confirmed_and_counted_together() -> None:
    """Two readers share the messages; their figures are sums, beside the publisher's."""
    figures = measure("embedded", 300, readers=2)
    assert (figures["readers"], figures["messages"]) == (2, 300)
    assert list(figures)[:4] == ["kafka", "readers", "messages", "messages/s"]
    for process in ("reader", "publisher"):
        assert {f"{process} {unit}" for unit in ("CPU s", "MiB", "peak MiB")} <= set(figures)
