"""
What the live page and `top` show of a host, as the JSON of `/status.json`.

Times in _ms are Unix milliseconds, 0 for never. A rate is a mean over the last seconds.
"""

from __future__ import annotations

import enum

import msgspec

#: Changes when a field is removed, or means something else.
SNAPSHOT_VERSION = 1


class Level(enum.StrEnum):
    """How urgent something is. A table is sorted by it, the worst first."""

    PROBLEM = "problem"
    WARNING = "warning"
    OK = "ok"


#: For sorting: the worst first.
RANKS = {level: place for place, level in enumerate(Level)}


class Finding(msgspec.Struct):
    """Something that is wrong on the host, in one sentence."""

    level: Level
    text: str
    since_ms: int
    #: What to do now.
    advice: str = ""


class Channel(msgspec.Struct):
    """A row of the table of channels."""

    channel: str
    level: Level
    #: One of ReaderState, or that its process does not run, or "hangs".
    state: str
    state_since_ms: int
    problem: str
    messages_per_s: float
    last_message_ms: int
    #: From Twitch's timestamp to Kafka's confirmation, in the last minutes; None without messages.
    delay_p50_s: float | None
    delay_p99_s: float | None
    waiting: int
    outbox_bytes: int
    oldest_waiting_ms: int
    dropped: int
    gaps: int
    gap_ms: int
    connects: int
    received: int


class Publisher(msgspec.Struct):
    """The publisher of this host."""

    level: Level
    state: str
    state_since_ms: int
    problem: str
    #: As 16 hexadecimal digits; empty without a session.
    session: str
    kafka_brokers: str
    #: None while the publisher does not run, or hangs.
    kafka_is_reachable: bool | None
    kafka_since_ms: int
    delivery: str
    queue_messages: int
    queue_limit_messages: int
    unconfirmed: int
    oldest_unconfirmed_ms: int
    published: int
    published_per_s: float
    duplicates: int
    dead_letters: int
    delay_p50_s: float | None
    delay_p99_s: float | None
    #: Readers that are connected.
    readers: int


class Login(msgspec.Struct):
    """The login that auth keeps."""

    level: Level
    #: Empty while there is none, and readers are anonymous.
    login: str
    expires_ms: int
    is_valid: bool
    problem: str


class Gap(msgspec.Struct):
    """A gap record."""

    channel: str
    from_ms: int
    to_ms: int
    reason: str


class Totals(msgspec.Struct):
    """Sums over all channels of the host."""

    channels: int
    in_channel: int
    messages_per_s: float
    waiting: int
    dropped: int
    gaps: int
    #: What the books of readers and publisher cannot account for. It must be 0.
    unaccounted: int


class History(msgspec.Struct):
    """The last hour, oldest first: one number for each *step_s* seconds; None while not known."""

    step_s: int
    #: When the newest numbers were taken.
    until_ms: int
    messages_per_s: list[float | None]
    published_per_s: list[float | None]
    waiting: list[float | None]
    delay_p99_s: list[float | None]


class Snapshot(msgspec.Struct):
    """A host at one moment."""

    host: str
    at_ms: int
    level: Level
    #: The state of the host in one sentence, and since when it is so.
    sentence: str
    since_ms: int
    #: What is wrong, the worst first; the sentence tells the first.
    findings: list[Finding]
    channels: list[Channel]
    #: None if this host has none.
    publisher: Publisher | None
    login: Login | None
    totals: Totals
    history: History
    #: The newest gap records of all channels, newest first.
    last_gaps: list[Gap]
    #: Whether a channel's last messages can be asked for.
    shows_messages: bool = False
    version: int = SNAPSHOT_VERSION
    #: A random name of the monitor that made it: a host may be among its own MONITOR_PEERS.
    monitor: str = ""
