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

#: Opens an outbox, and kills itself before a statement. It prints whether it came to the end.
OPEN_AND_KILL = """
import os, signal, sqlite3, sys
from pathlib import Path

left = int(sys.argv[2])

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

from readers.outbox.outbox import Outbox

Outbox(Path(sys.argv[1]), "xqc", 10**9)
print("opened", flush=True)
sys.stdin.read()
os._exit(0)
"""


def opening(path: Path, statement: int) -> list[str]:
    """Return a command that opens the outbox at *path*, killed before a *statement*; 0: not."""
    return [sys.executable, "-c", OPEN_AND_KILL, str(path), str(statement)]


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
