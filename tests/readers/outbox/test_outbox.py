"""The outbox, on a real file."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from common.chat_gap import GapReason
from common.frames import Batch, Kind, Record
from readers.outbox import file as outbox_file
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxError, OutboxInUseError
from readers.outbox.oldest_seq import REMEMBERED
from readers.outbox.outbox import Outbox
from tests.readers.outboxes import batches_after

MAX_BYTES = 10**9


def batch(*values: bytes) -> Batch:
    """Return a batch of chat records with these values."""
    return Batch(Kind.CHAT, [Record(b"1", 1, value) for value in values])


def values_after(outbox: Outbox, seq: int) -> list[bytes]:
    """Return the values of all records after record *seq*."""
    return [record.value for batch in batches_after(outbox, seq) for record in batch.records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path for an outbox. Its folder does not exist yet."""
    return tmp_path / "outbox" / "xqc.db"


def test_records_are_numbered_from_one_without_a_gap(path: Path) -> None:
    """Batches of two and one take the numbers 1 to 2 and 3."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a", b"b"))
    outbox.append(batch(b"c"))
    first, second = outbox.batch_after(0), outbox.batch_after(2)
    assert first is not None
    assert second is not None
    assert (first.first_seq, first.last_seq) == (1, 2)
    assert (second.first_seq, second.last_seq) == (3, 3)
    assert outbox.batch_after(3) is None
    outbox.close()


def test_appended_batches_survive_a_kill(path: Path) -> None:
    """Also if SIGKILL follows right after `append`."""
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from tests.readers.outbox.test_outbox import Outbox, batch;"
        "outbox = Outbox(Path(sys.argv[1]), 'xqc', 10**9);"
        "[outbox.append(batch(b'%d' % number)) for number in range(1000)];"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    finished = subprocess.run([sys.executable, "-c", program, path], check=False)
    assert finished.returncode == -9
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert values_after(outbox, 0) == [b"%d" % number for number in range(1000)]
    assert outbox.last_seq == 1000
    outbox.close()


def test_acknowledged_records_are_deleted_and_their_numbers_not_used_again(path: Path) -> None:
    """Not even if the outbox was empty when it was closed."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a", b"b"))
    outbox.append(batch(b"c"))
    outbox.acknowledge(2)
    outbox.trim()
    assert outbox.waiting == 1
    assert values_after(outbox, 0) == [b"c"]
    outbox.acknowledge(3)
    outbox.trim()
    outbox.close()

    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert (outbox.acknowledged, outbox.last_seq, outbox.waiting) == (3, 3, 0)
    outbox.append(batch(b"d"))
    stored = outbox.batch_after(3)
    assert stored is not None
    assert stored.first_seq == 4
    outbox.close()


def test_the_numbering_keeps_its_name_after_a_restart_of_the_process(path: Path) -> None:
    """The publisher then recognises batches that it has received before."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    name = outbox.reader
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.reader == name
    assert name.startswith("xqc/")
    outbox.close()


def test_after_a_reboot_of_the_host_no_number_is_used_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the host may lose the last batches. The name and the other batches stay."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a"))
    name = outbox.reader
    outbox.close()
    for boot in (1, 2):
        monkeypatch.setattr(outbox_file, "boot_id", lambda boot=boot: f"boot {boot}")
        outbox = Outbox(path, "xqc", MAX_BYTES)
        assert outbox.reader == name
        assert outbox.last_seq == 1 + boot * outbox_file.NUMBERS_SKIPPED
        assert values_after(outbox, 0) == [b"a"]
        outbox.close()


def test_after_a_reboot_no_acknowledged_number_is_used_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the outbox is empty: then only the acknowledged number tells."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a", b"b"))
    outbox.acknowledge(2)
    outbox.trim()
    outbox.close()
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.last_seq == 2 + outbox_file.NUMBERS_SKIPPED
    outbox.close()


def test_lost_numbers_may_be_acknowledged_after_a_reboot(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher may have more batches than the disk. New numbers are larger."""
    Outbox(path, "xqc", MAX_BYTES).close()
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"new"))
    outbox.acknowledge(60)
    assert values_after(outbox, 60) == [b"new"]
    assert outbox.oldest_seq == outbox.last_seq == outbox_file.NUMBERS_SKIPPED + 1
    outbox.close()


def test_two_processes_cannot_open_the_same_outbox(path: Path) -> None:
    """The second one gets an error, and the first one continues."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    program = (
        "import sys; from pathlib import Path; from readers.outbox.outbox import Outbox;"
        "Outbox(Path(sys.argv[1]), 'xqc', 10**9)"
    )
    second = subprocess.run(
        [sys.executable, "-c", program, path], check=False, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert OutboxInUseError.__name__ in second.stderr
    outbox.append(batch(b"a"))
    outbox.close()


@pytest.mark.parametrize(
    "content", [b"this is not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_set_aside_and_replaced(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is deleted, and an error is logged that names both files."""
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a"))
    outbox.close()
    (aside,) = path.parent.glob("*.set-aside-*")
    assert aside.read_bytes() == content
    assert str(aside) in caplog.text


def test_a_database_of_another_program_is_set_aside(path: Path) -> None:
    """It is undamaged, but it is not an outbox."""
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE batch (something TEXT)")
    database.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a"))
    outbox.close()
    assert len(list(path.parent.glob("*.set-aside-*"))) == 1


def test_an_unwritable_path_is_a_clear_error(tmp_path: Path) -> None:
    """The text names the file and the reason."""
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(OutboxError, match=r"cannot use .*xqc\.db"):
        Outbox(tmp_path / "outbox" / "xqc.db", "xqc", MAX_BYTES)


def test_append_returns_the_batch_that_can_be_sent(path: Path) -> None:
    """So the sender does not have to read it back from the file."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.append(batch(b"a", b"b")) == outbox.batch_after(0)
    assert outbox.append(batch(b"c")) == outbox.batch_after(2)
    outbox.close()


def test_a_repeated_or_late_acknowledgement_changes_nothing(path: Path) -> None:
    """The publisher repeats the last one for each batch that it refuses."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a"))
    outbox.append(batch(b"b"))
    outbox.append(batch(b"c"))
    outbox.acknowledge(2)
    outbox.acknowledge(1)
    assert (outbox.acknowledged, outbox.oldest_seq, outbox.waiting) == (2, 3, 1)
    outbox.close()


def test_the_oldest_seq_is_right_after_skipped_numbers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the number of a batch, not the one after the last acknowledged record."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a"))
    outbox.close()
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"b"))
    assert outbox.oldest_seq == 1
    outbox.acknowledge(1)
    assert outbox.oldest_seq == outbox_file.NUMBERS_SKIPPED + 2
    outbox.acknowledge(outbox.last_seq)
    assert outbox.oldest_seq == outbox.last_seq + 1
    outbox.append(batch(b"c"))
    assert outbox.oldest_seq == outbox.last_seq
    outbox.close()


def test_a_message_and_its_acknowledgement_take_five_statements(path: Path) -> None:
    """One to insert, a transaction to delete. Nothing is read back."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"warm-up"))
    outbox.acknowledge(outbox.last_seq)
    outbox.trim()
    assert outbox.oldest_seq == 2
    statements: list[str] = []
    outbox._database._connection.set_trace_callback(statements.append)
    assert outbox.append(batch(b"a")) is not None
    assert outbox.oldest_seq == 2
    assert len(statements) == 1, statements
    outbox.acknowledge(outbox.last_seq)
    outbox.trim()
    assert len(statements) == 5, statements
    assert outbox.waiting == 0
    outbox.close()


def test_what_follows_an_acknowledged_batch_is_known_without_the_file(path: Path) -> None:
    """So a busy reader asks the file for nothing."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    for _ in range(3):
        outbox.append(batch(b"a", b"b"))
    statements: list[str] = []
    outbox._database._connection.set_trace_callback(statements.append)
    outbox.acknowledge(2)
    assert outbox.oldest_seq == 3
    # No publisher acknowledges half a batch. The file loses all of it.
    outbox.acknowledge(3)
    assert outbox.oldest_seq == 5
    assert not statements
    outbox.close()


def test_what_was_put_in_before_is_looked_up(path: Path) -> None:
    """The file knows its batches, also after a restart and after many that were put in."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(b"a", b"b"))
    outbox.append(batch(b"a", b"b"))
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    for _ in range(REMEMBERED + 1):
        outbox.append(batch(b"a", b"b"))
    for acknowledged in (2, 4, 6, 8):
        outbox.acknowledge(acknowledged)
        assert outbox.oldest_seq == acknowledged + 1
    outbox.close()


def test_an_absence_that_can_wait_is_stored_with_what_is_acknowledged(path: Path) -> None:
    """In one transaction. If nothing is to be acknowledged, it is stored at once."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.store_absence(Absence(1000, GapReason.RESTARTED), may_wait=True)
    assert outbox.absence() == Absence(1000, GapReason.RESTARTED)
    outbox.append(batch(b"a"))
    outbox.store_absence(Absence(2000, GapReason.RESTARTED), may_wait=True)
    assert outbox.absence() == Absence(1000, GapReason.RESTARTED)
    statements: list[str] = []
    outbox._database._connection.set_trace_callback(statements.append)
    outbox.acknowledge(1)
    outbox.trim()
    assert (statements[0], statements[-1], len(statements)) == ("BEGIN", "COMMIT", 5)
    assert outbox.absence() == Absence(2000, GapReason.RESTARTED)
    outbox.append(batch(b"b"))
    outbox.store_absence(Absence(3000, GapReason.RESTARTED), may_wait=True)
    outbox.tidy()
    assert outbox.absence() == Absence(3000, GapReason.RESTARTED)
    outbox.close()
