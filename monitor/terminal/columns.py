"""The columns of the table of channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from common.printable import printable
from monitor.collection.formats import count, delay, largest_unit, rate, size
from monitor.collection.snapshot import RANKS, Channel, Level
from monitor.terminal.texts import age

#: Signs for those who see no colours.
SIGNS = {Level.PROBLEM: "!!", Level.WARNING: "! ", Level.OK: "  "}


@dataclass(frozen=True)
class Row:
    """A channel, and the host that reads it."""

    host: str
    #: When the host said this, in Unix milliseconds.
    at_ms: int
    channel: Channel


@dataclass(frozen=True)
class Column:
    """A column: its title, its text for a row, and by what it is sorted, the smallest first."""

    title: str
    text: Callable[[Row], str]
    key: Callable[[Row], Any]
    #: Whether the text is at the right end, as that of a number.
    is_number: bool = True
    #: Columns with the lowest numbers are left out first where there is no room for all.
    weight: int = 100


HOST = Column(
    "HOST", lambda row: printable(row.host), lambda row: row.host, is_number=False, weight=60
)

#: What a person sorts by, one after the other. The first is how the table is sorted at first.
COLUMNS = (
    Column(
        "STATE",
        lambda row: f"{SIGNS[row.channel.level]} {printable(row.channel.state)}",
        lambda row: RANKS[row.channel.level],
        is_number=False,
    ),
    Column(
        "CHANNEL",
        lambda row: printable(row.channel.channel),
        lambda row: row.channel.channel,
        is_number=False,
    ),
    Column(
        "MSG/S",
        lambda row: rate(row.channel.messages_per_s),
        lambda row: -row.channel.messages_per_s,
        weight=90,
    ),
    Column(
        "LAST",
        lambda row: age(row.channel.last_message_ms, row.at_ms),
        lambda row: -row.channel.last_message_ms,
        weight=50,
    ),
    Column(
        "P50",
        lambda row: delay(row.channel.delay_p50_s),
        lambda row: -(row.channel.delay_p50_s or 0),
        weight=10,
    ),
    Column(
        "P99",
        lambda row: delay(row.channel.delay_p99_s),
        lambda row: -(row.channel.delay_p99_s or 0),
        weight=70,
    ),
    Column(
        "WAITING",
        lambda row: count(row.channel.waiting),
        lambda row: -row.channel.waiting,
        weight=80,
    ),
    Column(
        "OUTBOX",
        lambda row: size(row.channel.outbox_bytes),
        lambda row: -row.channel.outbox_bytes,
        weight=20,
    ),
    Column(
        "LOST", lambda row: count(row.channel.dropped), lambda row: -row.channel.dropped, weight=75
    ),
    Column("GAPS", lambda row: count(row.channel.gaps), lambda row: -row.channel.gaps, weight=40),
    Column(
        "MISSED",
        lambda row: largest_unit(row.channel.gap_ms),
        lambda row: -row.channel.gap_ms,
        weight=30,
    ),
    Column(
        "CONNECTS",
        lambda row: count(row.channel.connects),
        lambda row: -row.channel.connects,
        weight=5,
    ),
)

#: What the others leave is for this one, at the end of a row.
PROBLEM = Column(
    "PROBLEM",
    lambda row: printable(row.channel.problem),
    lambda row: row.channel.problem,
    is_number=False,
)
