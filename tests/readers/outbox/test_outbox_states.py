"""
Whatever happens to an outbox, in any order: no message is lost without a gap record.

Every message is held, or Kafka has it, or a gap record covers it that is held or that Kafka has.
Disks refuse at random times, and readers are killed at random times.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.chat_gap import decode_chat_gap
from common.frames import Batch, Kind, Record, decode_batch
from common.unix_time import unix_ms
from readers.outbox.database import StoredBatch
from readers.outbox.outbox import Outbox
from readers.presence import LATENCY_MS, ChannelPresence
from tests.readers.outbox import disk

MEMORY_BYTES = 20_000
FILE_BYTES = 200_000

#: Pages that are partly used, and the batch that was put in last.
FILE_SLACK_BYTES = 32_768


class OutboxMachine(RuleBasedStateMachine):
    """An outbox, the presence that stores absences in it, and a Kafka."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._bound = mock.patch("readers.outbox.refusals.memory_bound", return_value=MEMORY_BYTES)
        self._bound.start()
        # The mark of a full disk has the time of the real clock, which is a little later than ours.
        self.now_ms = unix_ms() + 1000
        self.said: dict[int, int] = {}
        self.in_kafka: dict[int, StoredBatch] = {}
        self.last_sent = 0
        self.refuses = False

    def teardown(self) -> None:
        """Remove the outbox."""
        self.outbox.close()
        self._bound.stop()
        self._folder.cleanup()

    @initialize(refuses=st.booleans())
    def start(self, refuses: bool) -> None:
        """Start a reader, which joins its channel."""
        self.refuses = refuses
        self._open()
        self.presence.on_entered("71")

    def _open(self) -> None:
        self.outbox = Outbox(Path(self._folder.name) / "xqc.db", "xqc", FILE_BYTES)
        if self.refuses:
            disk.refuse(self.outbox)
        self.presence = ChannelPresence(
            "xqc", self.outbox, self._append, lambda *_: False, lambda: self.now_ms
        )

    def _append(self, batch: Batch) -> None:
        before = self.outbox.last_seq
        assert before >= self.last_sent
        if batch.kind == Kind.CHAT:
            times = [record.timestamp for record in batch.records]
            self.said.update(enumerate(times, before + 1))
        sendable = self.outbox.append(batch)
        if sendable is not None:
            assert sendable == self.outbox.batch_after(sendable.first_seq - 1)

    @rule(
        ages_ms=st.lists(st.integers(0, LATENCY_MS), min_size=1, max_size=20),
        size=st.sampled_from([10, 500, 2000]),
        after_ms=st.sampled_from([100, 3000, 10_000]),
        times=st.integers(1, 5),
    )
    def receive(self, ages_ms: list[int], size: int, after_ms: int, times: int) -> None:
        """Receive messages, in any order of time, a few times."""
        for _ in range(times):
            self.now_ms += after_ms
            # What was said before the last start was not received by this process.
            records = [Record(b"71", self.now_ms - age_ms, b"x" * size) for age_ms in ages_ms]
            self.presence.on_received(self.now_ms)
            self._append(Batch(Kind.CHAT, records))

    @rule(batches=st.integers(1, 100))
    def deliver(self, batches: int) -> None:
        """Send batches; Kafka confirms them."""
        seq = self.outbox.acknowledged
        for _ in range(batches):
            if not (batch := self.outbox.batch_after(seq)):
                break
            self.in_kafka[batch.first_seq] = batch
            seq = batch.last_seq
        self.last_sent = max(self.last_sent, seq)
        self.outbox.acknowledge(seq)
        self.outbox.trim()

    @rule(batches=st.integers(1, 100))
    def send(self, batches: int) -> None:
        """Send batches; Kafka has them, but their acknowledgement is lost."""
        acknowledged = self.outbox.acknowledged
        with (
            mock.patch.object(self.outbox, "acknowledge"),
            mock.patch.object(self.outbox, "trim"),
        ):
            self.deliver(batches)
        assert self.outbox.acknowledged == acknowledged

    @rule()
    def tidy(self) -> None:
        """The sender's tick."""
        self.outbox.tidy()

    @rule()
    def refuse(self) -> None:
        """The disk fills up."""
        self.refuses = True
        disk.refuse(self.outbox)

    @precondition(lambda self: self.refuses)
    @rule()
    def accept(self) -> None:
        """The disk has room again."""
        self.refuses = False
        disk.accept(self.outbox)

    @rule(after_ms=st.integers(1, 10_000), is_orderly=st.booleans())
    def restart(self, after_ms: int, is_orderly: bool) -> None:
        """The reader is killed or stopped, and starts again."""
        if is_orderly:
            self.presence.on_stopped()
        self.outbox.close()
        self.now_ms += after_ms
        self._open()
        self.outbox.tidy()
        self.presence.on_entered("71")

    def _held(self) -> Iterator[StoredBatch]:
        yield from self.outbox._database.batches_after(self.outbox.acknowledged)
        yield from self.outbox._unwritten.batches

    @invariant()
    def every_message_is_accounted_for(self) -> None:
        """It is held, or in Kafka, or covered by a gap record."""
        there: set[int] = set()
        spans = []
        for stored in (*self._held(), *self.in_kafka.values()):
            batch = decode_batch(stored.body)
            if batch.kind == Kind.GAP:
                gaps = [decode_chat_gap(record.value) for record in batch.records]
                spans += [(gap.from_ms, gap.to_ms) for gap in gaps]
            else:
                there.update(range(stored.first_seq, stored.last_seq + 1))
        for seq, said_ms in self.said.items():
            if seq not in there:
                covered = any(from_ms <= said_ms <= to_ms for from_ms, to_ms in spans)
                assert covered, f"{seq}, said at {said_ms}; gaps {spans}"

    @invariant()
    def counts_are_true(self) -> None:
        """What is held is counted, not numbers."""
        held = list(self._held())
        assert self.outbox.waiting == sum(b.last_seq - b.first_seq + 1 for b in held)
        assert self.outbox.is_empty == (not held)
        numbers = [batch.first_seq for batch in held]
        assert numbers == sorted(numbers)
        assert self.outbox.oldest_seq == next(iter(numbers), self.outbox.last_seq + 1)

    @invariant()
    def bounds_are_kept(self) -> None:
        """In memory and on disk."""
        in_memory = self.outbox._unwritten.batches
        assert sum(len(batch.body) for batch in in_memory) <= MEMORY_BYTES
        assert self.outbox._database.used_and_free_bytes()[0] <= FILE_BYTES + FILE_SLACK_BYTES


OutboxMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
TestOutbox = OutboxMachine.TestCase
