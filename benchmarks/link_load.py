"""Readers that only send batches, as fast as the link accepts them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks.acknowledgements import confirmed_at
from benchmarks.load import message_id
from common.frames import Batch, Envelope, Kind, Record, encode_frame
from common.unix_time import unix_ms
from readers.link.go_back_n import SendingLink
from tests.publisher.peer import Reader

RECORDS_A_BATCH = 50
VALUE = b'{"message": "%s"}' % (b"x" * 230)

#: The ids of a batch's messages. Each batch has the same ones.
IDS = [message_id(number) for number in range(RECORDS_A_BATCH)]

#: The readers' names.
NAMES = [f"reader{number}/00" for number in range(4)]

#: Seconds that a load waits for acknowledgements when it may not send.
_PAUSE_S = 0.005


def key_of(name: str) -> bytes:
    """Return the record key of the reader *name*."""
    return name.encode()


class LinkLoad:
    """One reader that sends the same batch again and again."""

    def __init__(self, peer: Reader) -> None:
        self.peer = peer
        key, timestamp = key_of(peer.name), unix_ms()
        records = [Record(key, timestamp, VALUE, one) for one in IDS]
        self._body = encode_frame(Batch(Kind.CHAT, records))
        self._last_seq = 0
        self._acknowledged = 0
        #: When Kafka confirmed the last acknowledged batch (time.perf_counter).
        self.confirmed_at = 0.0
        self._link = SendingLink(time.monotonic())
        self._link.on_announcement(peer.session, time.monotonic())

    @property
    def is_confirmed(self) -> bool:
        """Whether Kafka has confirmed all added batches."""
        return self._acknowledged == self._last_seq

    def add(self, batches: int) -> None:
        """Add *batches* to send."""
        self._last_seq += batches * RECORDS_A_BATCH

    def turn(self) -> bool:
        """Receive and send without waiting; return whether there was anything to do."""
        now = time.monotonic()
        received = self.peer.receive_acknowledgements()
        for acknowledgement in received:
            self._link.on_acknowledgement(acknowledgement.session, acknowledgement.seq, now)
            if acknowledgement.seq > self._acknowledged:
                self._acknowledged = acknowledgement.seq
                self.confirmed_at = confirmed_at(acknowledgement)
        sent = before = self._link.last_sent(self._acknowledged)
        while self._link.may_send() and sent < self._last_seq:
            first_seq = sent + 1
            sent += RECORDS_A_BATCH
            envelope = Envelope(self.peer.name, self.peer.session, first_seq, 1)
            self.peer.send_frames([encode_frame(envelope), self._body])
            self._link.on_sent(sent, len(self._body), now)
        return bool(received) or sent > before


def deliver(loads: Sequence[LinkLoad], batches: int, within_s: float) -> float:
    """
    Send *batches* from each of *loads*; return the seconds until Kafka has confirmed them all.

    Raises TimeoutError after *within_s* seconds.
    """
    started = time.perf_counter()
    for load in loads:
        load.add(batches)
    while waiting := [load for load in loads if not load.is_confirmed]:
        # Not `any`: it stops at the first load that had something to do.
        if not sum(load.turn() for load in waiting):
            # A busy loop would take processor time from the publisher and Kafka.
            waiting[0].peer.wait_for_anything(_PAUSE_S)
        if time.perf_counter() - started > within_s:
            raise TimeoutError(f"not all batches were confirmed within {within_s} s")
    return max(load.confirmed_at for load in loads) - started
