"""
The books of an outbox: what was put in, and what has become of it.

They are part of the reader's status, and go on after a restart. At every moment, received + events
+ gaps = acknowledged + dropped + replaced_gaps + waiting. What a kill kept from being written to
the page is added when the outbox is opened, as messages.
"""

from __future__ import annotations

from typing import NamedTuple

from common.chat_gap import GapReason, decode_chat_gap
from common.frames import Batch, Kind, Record
from common.status.histogram import DELIVERY_S
from common.status.reader_status import (
    SHOWN_GAPS,
    DropReason,
    ReaderStatus,
    ShownGap,
    forgotten,
)
from common.unix_time import unix_ms
from readers.outbox.database import OutboxDatabase, StoredBatch
from readers.outbox.file import NUMBERS_SKIPPED
from readers.outbox.held_numbers import HeldNumbers
from readers.outbox.lost_spans import LostSpans
from readers.outbox.numbering import Numbering
from readers.outbox.waiting_times import ConfirmedTimes, WaitingTimes

# Python 3.11 takes 0.1 µs to look up a member of an enum.
_CHAT, _EVENT = Kind.CHAT, Kind.EVENT

#: How many ranges of numbers a page has room for, the newest.
SHOWN_RANGES = 8


class Opened(NamedTuple):
    """An outbox that was just opened."""

    held: HeldNumbers
    #: The name of its numbering.
    numbering: str
    #: The last record that was acknowledged, 0 for none.
    acknowledged: int
    #: The last number that may have been given, 0 for none.
    last_seq: int
    #: The reason of its absence, None if it has none yet because it is new.
    absent: GapReason | None


def opened(database: OutboxDatabase, numbering: Numbering) -> Opened:
    """Return the outbox that was just opened, with its *numbering*."""
    absence = database.absence()
    return Opened(
        database.numbers_after(numbering.acknowledged),
        numbering.reader,
        numbering.acknowledged,
        numbering.last_seq,
        absence.reason if absence else None,
    )


class Books:
    """The books that are kept in *status*, by one outbox."""

    def __init__(self, status: ReaderStatus) -> None:
        """*status* is as the last process left it."""
        self.status = status
        self._held = HeldNumbers()
        self._times = WaitingTimes()

    def open(self, outbox: Opened) -> None:
        """Begin with what *outbox* holds, and account for what the last process did not write."""
        status = self.status
        if reason := _reason_of_loss(status, outbox):
            self._continue_after(reason, outbox)
        else:
            self._continue(outbox)
        self._held = outbox.held
        status.last_seq = outbox.last_seq
        status.waiting = outbox.held.count
        if status.waiting:
            oldest_ms = status.oldest_waiting_ms or unix_ms()
            self._times.add(outbox.held.last, oldest_ms, 0, 0)
        self.take_stock(0, outbox.numbering)

    def on_put(self, stored: StoredBatch, batch: Batch) -> None:
        """Note that *batch* was put in, as *stored*."""
        status, records, last_seq = self.status, batch.records, stored.last_seq
        self._held.add(stored.first_seq, last_seq)
        status.last_seq = last_seq
        status.waiting = self._held.count
        if batch.kind == _CHAT:
            messages, said_ms = len(records), records[0].timestamp
            status.received += messages
            status.last_message_ms = records[-1].timestamp
        else:
            messages = said_ms = 0
            if batch.kind == _EVENT:
                status.events += len(records)
            else:
                status.gaps += len(records)
                for record in records:
                    self._note_gap(record)
        self._times.add(last_seq, unix_ms(), said_ms, messages)

    def on_acknowledged(self, seq: int, confirmed: ConfirmedTimes = ()) -> None:
        """Note that all records up to *seq* were acknowledged, and when Kafka *confirmed* them."""
        status = self.status
        status.acknowledged += self._held.remove(0, seq)
        status.waiting = self._held.count
        for waited_ms, messages in self._times.remove_until(seq, confirmed, unix_ms()):
            status.delay.observe(DELIVERY_S, waited_ms / 1000, messages)

    def on_events_given_up(self) -> None:
        """Note that events were not sent, which may have told the settings of the chat."""
        self.status.told_settings = forgotten(self.status.told_settings)

    def on_evicted(self, first_seq: int, last_seq: int, lost: LostSpans) -> None:
        """Note that the records from *first_seq* to *last_seq*, in *lost*, were evicted."""
        status = self.status
        self._held.remove(first_seq, last_seq)
        self._times.forget(first_seq, last_seq)
        status.waiting = self._held.count
        status.replaced_gaps += lost.gaps
        self._drop(DropReason.OVERFLOWED, lost.messages)

    def take_stock(self, unwritten: int, numbering: str) -> None:
        """Note what is true at this moment, before the status is written."""
        status = self.status
        status.unwritten = unwritten
        status.numbering = numbering
        status.waiting_numbers = self._held.ranges[-SHOWN_RANGES:]
        status.oldest_waiting_ms = self._times.oldest_ms

    def _continue(self, outbox: Opened) -> None:
        """Account for what has changed in *outbox* since the status was written."""
        status, waited = self.status, HeldNumbers(self.status.waiting_numbers)
        waited.remove(0, outbox.acknowledged)
        still_held = sum(waited.remove(*numbers) for numbers in outbox.held.ranges)
        # What is in the file may also be from before, if it was restored from a backup.
        received = max(_given_since(status, outbox), outbox.held.count - still_held)
        status.received += received
        # Some of the rest may have been evicted before the kill. That is not known for certain.
        lost = min(status.unwritten, waited.count)
        self._drop(DropReason.UNWRITTEN, lost)
        status.acknowledged += status.waiting + received - outbox.held.count - lost

    def _continue_after(self, reason: DropReason, outbox: Opened) -> None:
        """Account for what *outbox* lacks, whose numbers are others: it is lost for *reason*."""
        status = self.status
        missing = status.waiting - outbox.held.count
        # `drain` may have sent some of it since. Numbers that were skipped make this too many.
        lost = max(0, missing - outbox.acknowledged)
        if reason is DropReason.UNWRITTEN:
            lost = min(lost, status.unwritten)
        self._drop(reason, lost)
        status.acknowledged += max(0, missing) - lost
        status.received += max(0, -missing)

    def _drop(self, reason: DropReason, messages: int) -> None:
        dropped = self.status.dropped
        dropped[reason] = dropped.get(reason, 0) + messages

    def _note_gap(self, record: Record) -> None:
        gap, status = decode_chat_gap(record.value), self.status
        reason = gap.reason.value
        number, total_ms = status.gaps_by_reason.get(reason, (0, 0))
        status.gaps_by_reason[reason] = number + 1, total_ms + gap.to_ms - gap.from_ms
        shown = ShownGap(gap.from_ms, gap.to_ms, reason)
        status.last_gaps = [*status.last_gaps, shown][-SHOWN_GAPS:]


def _given_since(status: ReaderStatus, outbox: Opened) -> int:
    """Return how many numbers were given since *status* was written, as far as the file shows."""
    if not status.numbering:
        return 0
    last_seq = max(outbox.acknowledged, outbox.held.last)
    # Without those that were skipped after boots of the host.
    return max(0, last_seq - status.last_seq) % NUMBERS_SKIPPED


def _reason_of_loss(status: ReaderStatus, outbox: Opened) -> DropReason | None:
    """
    Return why something of *status* may be lost in *outbox*, if its numbers are others.

    Returns None if they are the same.
    """
    if outbox.numbering == status.numbering:
        return None
    if outbox.absent is None:
        return DropReason.REMOVED
    if outbox.absent is GapReason.DAMAGED:
        return DropReason.DAMAGED
    # Either it was renamed before the kill, or it was damaged and all of it could be read. Then its
    # numbers have begun again with 1, and only what was never in the file is lost.
    return DropReason.UNWRITTEN if outbox.last_seq < status.last_seq else None
