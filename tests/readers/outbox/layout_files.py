"""The kept outboxes of earlier releases, see layouts/README.md."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tarfile
from contextlib import closing
from pathlib import Path

from common.chat_message import decode_chat_message
from common.frames import Kind, decode_batch
from readers.outbox.file import NUMBERS_SKIPPED
from readers.outbox.outbox import Outbox

#: The kept outboxes, oldest first.
LAYOUTS = sorted(Path(__file__).with_name("layouts").glob("*.tar.gz"))
AFTER_A_BOOT = NUMBERS_SKIPPED + 7

#: What layouts have held: first numbers, and the texts of chat or the kind of other records.
_FIRST = [(4, ["4", "5"]), (6, ["6"])]
_WITH_GAPS = [(4, ["4", "5"]), (6, ["GAP"]), (7, ["6"])]
_WITH_SKIPPED = [(4, ["4", "5"]), (6, ["GAP"]), (AFTER_A_BOOT, ["6"])]
HELD = {
    "1-79b987c": _FIRST,
    "1-61ff15a": _WITH_GAPS,
    "2-fe9d6c1": _WITH_SKIPPED,
    "2-5097a39": _WITH_SKIPPED,
    "2-07b0a72": _WITH_SKIPPED,
    "2-38a676e": _WITH_SKIPPED,
}

#: Opens an outbox, and keeps it open.
_OPEN = """
import sys
from pathlib import Path
from readers.outbox.outbox import Outbox

outbox = Outbox(Path(sys.argv[1]), "xqc", 10**9)
print("opened", flush=True)
sys.stdin.read()
"""

#: Opens copies of an outbox. Each is opened by a fork that kills itself before a statement, the
#: first copy before the first. The fork of the last copy has come to the end.
_OPEN_AND_KILL = """
import itertools, os, shutil, signal, sqlite3, sys
from pathlib import Path
from readers.outbox.outbox import Outbox

original, copies = map(Path, sys.argv[1:])
left = 0

def on_statement(_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def connect(*arguments, connect=sqlite3.connect, **options):
    database = connect(*arguments, **options)
    database.set_trace_callback(on_statement)
    return database

sqlite3.connect = connect

for number in itertools.count():
    folder = shutil.copytree(original, copies / f"{number:03}")
    fork = os.fork()
    if not fork:
        left = number + 1
        Outbox(folder / "xqc.db", "xqc", 10**9)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
    if status != -signal.SIGKILL:
        sys.exit(status)
"""


def opening(path: Path) -> list[str]:
    """Return a command that opens the outbox at *path* until its input ends."""
    return [sys.executable, "-c", _OPEN, str(path)]


def opening_with_kills(folder: Path, copies: Path) -> list[str]:
    """
    Return a command that copies the outbox of *folder* to folders in *copies*, and opens each copy.

    Each opening but that of the last copy is killed, one statement later than that of the copy
    before.
    """
    return [sys.executable, "-c", _OPEN_AND_KILL, str(folder), str(copies)]


def name_of(layout: Path) -> str:
    """Return the name of *layout*."""
    return layout.name.removesuffix(".tar.gz")


def unpacked(layout: Path, folder: Path) -> Path:
    """Return the path of the outbox of *layout*, in *folder*."""
    with tarfile.open(layout) as archive:
        archive.extractall(folder, filter="data")
    return folder / "xqc.db"


def held(outbox: Outbox) -> list[tuple[int, list[str]]]:
    """Return the first numbers and the content of the batches in *outbox*, in their order."""
    found = []
    seq = outbox.acknowledged
    while stored := outbox.batch_after(seq):
        seq = stored.last_seq
        decoded = decode_batch(stored.body)
        texts = [
            decode_chat_message(record.value).message
            if decoded.kind is Kind.CHAT
            else decoded.kind.name
            for record in decoded.records
        ]
        assert seq - stored.first_seq + 1 == len(texts)
        found.append((stored.first_seq, texts))
    return found


def name_in(path: Path) -> str:
    """Return the name of the numbering in a copy of the outbox at *path*."""
    copy = path.parent / "copy"
    shutil.copytree(path.parent, copy, ignore=lambda *_: [copy.name])
    with closing(sqlite3.connect(copy / path.name)) as database:
        ((name,),) = database.execute("SELECT name FROM numbering")
    shutil.rmtree(copy)
    return f"xqc/{name}"


def beside(path: Path) -> set[str]:
    """Return the files beside the outbox at *path*, without those that every outbox has."""
    names = {file.name.removeprefix(path.name) for file in path.parent.iterdir()}
    return names - {"", "-wal", "-shm", "-safe-until"}
