"""
Whatever happens to an outbox, in any order: its books balance, and nothing counts as lost that is
not.

Disks refuse, readers are killed before they have written their page, files are damaged or removed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from unittest import mock

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.chat_gap import ChatGap, GapReason
from common.frames import Batch, Kind, Record, decode_batch
from common.status.reader_status import ReaderStatus
from common.unix_time import unix_ms
from monitor.collection.books import unaccounted_by_reader
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.gap_batch import gap_batch
from readers.outbox.outbox import Outbox
from tests.readers.outbox import disk
from tests.readers.outbox.damages import overwrite
from tests.readers.outboxes import batches_after

MEMORY_BYTES = 20_000
FILE_BYTES = 200_000


class BooksMachine(RuleBasedStateMachine):
    """An outbox, the pages that its reader has written, and each record that was ever put in."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox" / "xqc.db"
        self.boot = 0
        self.patches = [
            mock.patch("readers.outbox.refusals.memory_bound", return_value=MEMORY_BYTES),
            mock.patch("readers.outbox.file.boot_id", side_effect=lambda: f"boot {self.boot}"),
        ]
        for patch in self.patches:
            patch.start()
        self.now_ms = unix_ms()
        self.put: set[bytes] = set()
        self.acknowledged: set[bytes] = set()
        self.refuses = False
        #: Whether each page was written before its reader was killed.
        self.is_exact = True
        #: The last two pages.
        self.pages = [msgspec.msgpack.encode(ReaderStatus())] * 2

    def teardown(self) -> None:
        """Remove the outbox."""
        self.outbox.close()
        for patch in self.patches:
            patch.stop()
        self.folder.cleanup()

    @initialize()
    def start(self) -> None:
        """Start a reader."""
        self._open()
        self.outbox.store_absence(Absence(self.now_ms, GapReason.RESTARTED))

    def _open(self) -> None:
        """Start a reader from the last page, again if it finds the outbox damaged."""
        self.status = msgspec.msgpack.decode(self.pages[-1], type=ReaderStatus)
        try:
            self.outbox = Outbox(self.path, "xqc", FILE_BYTES, self.status)
        except OutboxDamagedError:
            self._open()
            return
        if self.refuses:
            disk.refuse(self.outbox)
        self._write_page()

    def _write_page(self) -> None:
        self.outbox.take_stock()
        self.pages = [self.pages[-1], msgspec.msgpack.encode(self.status)]

    def _do(self, work: Callable[[], object]) -> None:
        """Do *work* as a reader does: if the outbox turns out to be damaged, start again."""
        try:
            work()
            self.put.update(self._held())
        except OutboxDamagedError:
            self._restart()
        self._write_page()

    def _restart(self) -> None:
        while True:
            self._write_page()
            self.outbox.close()
            self._open()
            try:
                self.put.update(self._held())
            except OutboxDamagedError:
                continue
            return

    def _held(self) -> list[bytes]:
        batches = batches_after(self.outbox, self.outbox.acknowledged)
        # What is in memory only cannot be sent without a mark, but is held.
        in_memory = map(decode_batch, (each.body for each in self.outbox._unwritten.batches))
        return [_id(record) for batch in (*batches, *in_memory) for record in batch.records]

    @rule(
        kind=st.sampled_from([Kind.CHAT, Kind.EVENT]),
        records=st.integers(1, 20),
        size=st.sampled_from([10, 500, 2000]),
    )
    def receive(self, kind: Kind, records: int, size: int) -> None:
        """Receive messages or events."""
        self.now_ms += 1000
        received = [
            Record(b"71", self.now_ms + n, b"%d %s" % (self.now_ms + n, b"x" * size))
            for n in range(records)
        ]
        self.put.update(map(_id, received))
        self._do(lambda: self.outbox.append(Batch(kind, received)))

    @rule()
    def miss(self) -> None:
        """Rejoin the channel after an absence."""
        self.now_ms += 1000
        gap = ChatGap("71", "xqc", self.now_ms - 500, self.now_ms, GapReason.DISCONNECTED)
        batch = gap_batch(gap)
        self.put.update(map(_id, batch.records))
        self._do(lambda: self.outbox.append(batch))

    @rule(batches=st.integers(1, 30))
    def deliver(self, batches: int) -> None:
        """Send batches; the publisher acknowledges them."""
        self._do(lambda: self._deliver(batches))

    def _deliver(self, batches: int) -> None:
        seq = self.outbox.acknowledged
        for _ in range(batches):
            if not (stored := self.outbox.batch_after(seq)):
                break
            seq = stored.last_seq
            self.acknowledged.update(map(_id, decode_batch(stored.body).records))
            self.outbox.acknowledge(seq)
        self.outbox.trim()

    @rule()
    def tidy(self) -> None:
        """The sender's tick."""
        self._do(self.outbox.tidy)

    @rule()
    def rename(self) -> None:
        """The outbox turns out to have a copy."""
        self._do(self.outbox.rename_numbering)

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

    @rule(writes=st.booleans(), boots=st.booleans())
    def restart(self, writes: bool, boots: bool) -> None:
        """The reader is killed, before or after it *writes* its page. Perhaps the host *boots*."""
        self.boot += boots
        self.is_exact &= writes
        if not writes:
            self.pages.pop()
        self.outbox.close()
        self._open()

    @rule(at=st.floats(0, 1), pages=st.integers(1, 10))
    def damage(self, at: float, pages: int) -> None:
        """The file is damaged while no reader runs."""
        self.outbox.close()
        size = self.path.stat().st_size
        overwrite(self.path, int(at * size) & ~4095, pages * 4096)
        self._open()
        self._do(lambda: None)

    @rule()
    def remove(self) -> None:
        """Somebody removes the file while no reader runs."""
        self.outbox.close()
        shutil.rmtree(self.path.parent)
        self._open()
        self.outbox.store_absence(Absence(self.now_ms, GapReason.RESTARTED))

    @rule(batches=st.integers(1, 30))
    def drain(self, batches: int) -> None:
        """`drain` sends some, while no reader runs. It has no page."""
        self.outbox.close()
        # The next start mends it.
        with (
            suppress(OutboxDamagedError),
            closing(Outbox(self.path, "xqc", FILE_BYTES)) as self.outbox,
        ):
            self._deliver(batches)
        self._open()

    @invariant()
    def books_balance(self) -> None:
        """What came in is what went out and what waits."""
        assert not unaccounted_by_reader(self.status), self.status

    @invariant()
    def what_is_given_up_is_lost(self) -> None:
        """Never more is counted, and just that if each page was written."""
        status, held = self.status, self._held()
        lost = len(self.put - self.acknowledged - set(held))
        given_up = sum(status.dropped.values()) + status.replaced_gaps
        assert given_up <= lost, (lost, status)
        assert given_up == lost or not self.is_exact, (lost, status)

    @invariant()
    def what_is_received_was_put_in(self) -> None:
        """Each record once, whether or not the page was written after it."""
        counted = self.status.received + self.status.events + self.status.gaps
        assert counted <= len(self.put), self.status
        assert counted == len(self.put) or not self.is_exact, self.status

    @invariant()
    def what_waits_is_held(self) -> None:
        """As many records."""
        assert self.status.waiting == sum(1 for _ in self._records())

    def _records(self) -> Iterator[Record]:
        for stored in self.outbox._database.batches_after(self.outbox.acknowledged):
            yield from decode_batch(stored.body).records
        for stored in self.outbox._unwritten.batches:
            yield from decode_batch(stored.body).records


def _id(record: Record) -> bytes:
    return record.value[:100]


BooksMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
TestBooks = BooksMachine.TestCase


def test_what_could_be_read_of_a_damaged_outbox_is_counted_once() -> None:
    """All of it could, so there is no loss, but its numbers begin again with 1."""
    machine = BooksMachine()
    machine.start()
    machine.restart(writes=False, boots=True)
    machine.miss()
    machine.damage(at=0.5, pages=1)
    try:
        assert machine.status.waiting == 1
        machine.books_balance()
        machine.what_is_given_up_is_lost()
        machine.what_is_received_was_put_in()
    finally:
        machine.teardown()
