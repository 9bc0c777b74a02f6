"""
Adds people to optout.conf and removes them. All other lines, and comments, stay as they are.

A new file can be read by its owner and the owner's group only: who does not want to be recorded is
nobody else's business. The owner and the permissions of a file that is there already stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from common.files import read_small_file
from common.rewrite import rewrite_file
from readers.opt_out.file import MAX_BYTES, decoded, entry_in

_NEW_MODE = 0o640
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)")


def add_people(path: Path, entries: Collection[str]) -> int:
    """
    Add *entries* to the file at *path*; return how many were not there.

    They are ids and logins as `opt_out_entry` returns them. Raises OSError if the file cannot be
    read or written.
    """
    text = _text(path)
    present = {_entry(line) for line in _lines(text)}
    new = [entry for entry in dict.fromkeys(entries) if entry not in present]
    if new:
        if text and not text.endswith(("\n", "\r")):
            text += "\n"
        _write(path, text + "".join(f"{entry}\n" for entry in new))
    return len(new)


def remove_people(path: Path, entries: Collection[str]) -> set[str]:
    """Remove all lines of *entries*; return those that had one. Raises OSError as `add_people`."""
    lines = [(_entry(line), line) for line in _lines(_text(path))]
    gone = set(entries) & {entry for entry, _ in lines}
    if gone:
        _write(path, "".join(line for entry, line in lines if entry not in gone))
    return gone


def _text(path: Path) -> str:
    try:
        return decoded(read_small_file(path, MAX_BYTES))
    except FileNotFoundError:
        return ""


def _lines(text: str) -> list[str]:
    return [line for line in _LINE.findall(text) if line]


def _entry(line: str) -> str:
    """Return the id or login in *line*, "" if there is none or it is wrong."""
    try:
        return entry_in(line)
    except ValueError:
        return ""


def _write(path: Path, text: str) -> None:
    # In a container, it is a link to a folder in the volume.
    path.resolve().parent.mkdir(mode=0o700, exist_ok=True)
    rewrite_file(path, text.encode("utf-8", "surrogateescape"), _NEW_MODE)
