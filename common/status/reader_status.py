"""What a reader tells about itself. All times are Unix milliseconds, 0 for never."""

from __future__ import annotations

import enum
import os
from pathlib import Path

import msgspec

from common.program_names import READER_PREFIX
from common.status.histogram import DELIVERY_S, Histogram, new_histogram

#: How many of its gap records a reader shows.
SHOWN_GAPS = 3

#: The most bytes of a text in a status page.
TEXT_BYTES = 200


class ReaderState(enum.StrEnum):
    """Where a reader is on its way into the channel."""

    STARTING = "starting"
    CONNECTING = "connecting"
    #: Twitch accepts a number of logins and joins per time, from all readers of a host.
    WAITING_FOR_TURN = "waiting for its turn"
    IN_CHANNEL = "in the channel"
    #: Until the next attempt.
    PAUSING = "pausing"
    STOPPED = "stopped"


class DropReason(enum.StrEnum):
    """Why a reader gave up a message that it had received."""

    #: The outbox was full.
    OVERFLOWED = "overflowed"
    #: It was in memory only, because the disk refused it, when the process ended.
    UNWRITTEN = "unwritten"
    #: The outbox was damaged.
    DAMAGED = "damaged"
    #: The outbox was removed.
    REMOVED = "removed"


class ShownGap(msgspec.Struct, array_like=True, gc=False):
    """A gap record."""

    from_ms: int
    to_ms: int
    reason: str


class ToldSettings(msgspec.Struct, array_like=True, frozen=True):
    """What the reader has told about the settings of the chat."""

    #: The channel's Twitch id; empty if nothing was told.
    channel_id: str = ""
    #: The settings, as Twitch names them.
    state: dict[str, int] = {}
    #: How many messages and events had been given up before. If it is more now, it may be lost.
    dropped: int = 0
    #: The minute in which that was told, since 1970, and the highest number of an event's id in it.
    minute: int = 0
    highest: int = 0


def forgotten(told: ToldSettings) -> ToldSettings:
    """Return *told* as if nothing had been told, but for the numbers that were used."""
    return msgspec.structs.replace(told, channel_id="", state={})


class ReaderStatus(msgspec.Struct, array_like=True):
    """
    A reader's figures. Counts continue after a restart.

    Between two batches: received + events + gaps = acknowledged + dropped + replaced_gaps +
    waiting.
    """

    channel: str = ""
    pid: int = 0
    written_ms: int = 0
    state: str = ReaderState.STARTING
    state_since_ms: int = 0
    #: Why it is not in the channel.
    problem: str = ""
    connects: int = 0
    last_message_ms: int = 0
    malformed_lines: int = 0
    #: Chat messages that were put into the outbox.
    received: int = 0
    #: Gap records that were put into the outbox.
    gaps: int = 0
    #: Records that left the outbox because the publisher acknowledged them, or because they
    #: are events and it takes none.
    acknowledged: int = 0
    #: Chat messages and events that were given up, by DropReason.
    dropped: dict[str, int] = msgspec.field(
        default_factory=lambda: {reason.value: 0 for reason in DropReason}
    )
    #: Gap records that left the outbox because another one covers their time.
    replaced_gaps: int = 0
    #: Records in the outbox.
    waiting: int = 0
    #: How many of them are in memory only.
    unwritten: int = 0
    outbox_bytes: int = 0
    outbox_limit_bytes: int = 0
    #: Since when the oldest record waits.
    oldest_waiting_ms: int = 0
    #: By reason: the number of gap records, and their total time in milliseconds.
    gaps_by_reason: dict[str, tuple[int, int]] = {}
    #: The newest gap records, oldest first.
    last_gaps: list[ShownGap] = []
    #: The session of the publisher that it sends to, 0 while it knows none.
    session: int = 0
    #: Where that publisher receives batches.
    publisher: str = ""
    #: From Twitch's timestamp to the acknowledgement.
    delay: Histogram = msgspec.field(default_factory=lambda: new_histogram(DELIVERY_S))
    #: Which outbox the figures are of, the numbers of what waits, as ranges, and the last number
    #: that was given: from these, the next process tells what became of the records since.
    numbering: str = ""
    waiting_numbers: list[tuple[int, int]] = []
    last_seq: int = 0
    #: Events that were put into the outbox.
    events: int = 0
    #: Messages and events that were left out before that, because of people who have opted out.
    opted_out: int = 0
    told_settings: ToldSettings = ToldSettings()

    @property
    def gap_ms(self) -> int:
        """The time that all gap records cover, in milliseconds."""
        return sum(milliseconds for _, milliseconds in self.gaps_by_reason.values())


def reader_page(state_dir: Path, channel: str) -> Path:
    """Return the path of the page of the reader of *channel*."""
    return status_folder(state_dir) / (READER_PREFIX + channel)


def reader_pages(state_dir: Path) -> dict[str, Path]:
    """
    Return the paths of all readers' pages, by channel. Raises OSError.

    Channels have ASCII names: other files are left out, whose names may not even be text.
    """
    folder = status_folder(state_dir)
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return {}
    return {
        name.removeprefix(READER_PREFIX): folder / name
        for name in names
        if name.startswith(READER_PREFIX) and name.isascii()
    }


def clipped(text: str) -> str:
    """Return as much of *text* as a status page has room for."""
    return text.encode("utf-8", "replace")[:TEXT_BYTES].decode("utf-8", "ignore")


def status_folder(state_dir: Path) -> Path:
    """Return the folder of all pages of a host."""
    return state_dir / "status"
