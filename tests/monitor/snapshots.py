"""Snapshots as a monitor makes them."""

from __future__ import annotations

from typing import Any

from monitor.collection.snapshot import (
    Channel,
    Finding,
    Gap,
    History,
    Level,
    Login,
    Publisher,
    Snapshot,
    Totals,
)

#: 2026-11-27 12:00:00 UTC.
NOON_MS = 1_795_780_800_000


def channel(name: str, **changes: Any) -> Channel:
    """Return the row of a channel in which all is well, except for *changes*."""
    fields: dict[str, Any] = {
        "level": Level.OK,
        "state": "in the channel",
        "state_since_ms": NOON_MS - 3_600_000,
        "problem": "",
        "messages_per_s": 2.5,
        "last_message_ms": NOON_MS - 1_000,
        "delay_p50_s": 0.12,
        "delay_p99_s": 0.9,
        "waiting": 0,
        "outbox_bytes": 8192,
        "oldest_waiting_ms": 0,
        "dropped": 0,
        "gaps": 1,
        "gap_ms": 1_500,
        "connects": 1,
        "received": 12_345,
    }
    return Channel(channel=name, **fields | changes)


def publisher(**changes: Any) -> Publisher:
    """Return a publisher with which all is well, except for *changes*."""
    fields: dict[str, Any] = {
        "level": Level.OK,
        "state": "in session",
        "state_since_ms": NOON_MS - 3_600_000,
        "problem": "",
        "session": "0123456789abcdef",
        "kafka_brokers": "localhost:9092",
        "kafka_is_reachable": True,
        "kafka_since_ms": NOON_MS - 3_600_000,
        "delivery": "at-least-once",
        "queue_messages": 0,
        "queue_limit_messages": 100_000,
        "unconfirmed": 0,
        "oldest_unconfirmed_ms": 0,
        "published": 12_346,
        "published_per_s": 7.5,
        "duplicates": 0,
        "dead_letters": 0,
        "delay_p50_s": 0.01,
        "delay_p99_s": 0.05,
        "readers": 3,
    }
    return Publisher(**fields | changes)


def snapshot(*channels: Channel, **changes: Any) -> Snapshot:
    """Return the snapshot of a host with *channels*, and with *changes*."""
    fields: dict[str, Any] = {
        "host": "reader-1",
        "at_ms": NOON_MS,
        "level": Level.OK,
        "sentence": "3 of 3 channels, 7.5 messages/s, all in Kafka, nothing lost",
        "since_ms": NOON_MS - 60_000,
        "findings": [],
        "publisher": publisher(),
        "login": Login(Level.OK, "reading_bot", NOON_MS + 3_600_000, True, ""),
        "totals": Totals(len(channels), len(channels), 7.5, 0, 0, 0, 0),
        "history": History(60, NOON_MS, [1.0, None], [1.0, None], [0.0, None], [0.1, None]),
        "last_gaps": [Gap("xqc", NOON_MS - 5_000, NOON_MS - 3_500, "reconnected")],
    }
    return Snapshot(channels=list(channels), **fields | changes)


def finding(text: str, level: Level = Level.PROBLEM, advice: str = "") -> Finding:
    """Return a finding that is a minute old."""
    return Finding(level, text, NOON_MS - 60_000, advice)
