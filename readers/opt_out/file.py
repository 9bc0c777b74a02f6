"""
Reads optout.conf: the ids and logins of people who do not want to be recorded, one per line.

A line of digits is an id. Anything else is a login, in any case, with or without an `@` before it.
So a login of digits only has to be given by its id. A `#` begins a comment. A wrong line is left
out, and known by its number only: what is in it may be a name.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from common.files import read_small_file

OPT_OUT_FILE = "optout.conf"

#: The name of the outbox of the records that tell stores. No channel can have it.
OPT_OUT_OUTBOX = "opt-out"

#: Enough for 300,000 logins of the greatest length. A larger file is something else.
MAX_BYTES = 8 * 1024 * 1024

#: How many wrong lines are told by their numbers. Further ones are only counted.
SHOWN_LINES = 10

#: Of an id or a login. Twitch's logins have up to 25 characters.
_ENTRY = re.compile(r"@?([a-zA-Z0-9_]{1,25})")
_LINE_END = re.compile(r"\r\n?|\n")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class OptOutList(NamedTuple):
    """Who has opted out."""

    ids: frozenset[str] = frozenset()
    #: Lower case.
    logins: frozenset[str] = frozenset()
    #: The numbers of the lines that are wrong, from 1.
    wrong_lines: tuple[int, ...] = ()

    @property
    def people(self) -> int:
        """The number of entries."""
        return len(self.ids) + len(self.logins)


def read_opt_outs(
    path: Path, check: Callable[[os.stat_result], object] = lambda _: None
) -> OptOutList:
    """
    Return who has opted out in the file at *path*. Raises OSError if it cannot be read.

    *check* is called with the status of the open file.
    """
    return _opt_outs_in(decoded(read_small_file(path, MAX_BYTES, check)))


def decoded(content: bytes) -> str:
    """Return *content* as text, whichever editor saved it. Bytes that are no text stay as such."""
    if content.startswith(_UTF_16):
        return content.decode("utf-16", "replace")
    return content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")


def opt_out_entry(text: str) -> str:
    """
    Return the id or login that *text* gives, logins in lower case.

    Raises ValueError, with a text for the user, if it is neither.
    """
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise ValueError("should be an id, or a login of 1 to 25 letters, digits and _")
    return found[1].lower()


def is_id(entry: str) -> bool:
    """Return whether *entry* is an id, and not a login."""
    return entry.isdecimal()


def entry_in(line: str) -> str:
    """Return the id or login in *line*, "" if there is none. Raises ValueError if it is wrong."""
    text = line.partition("#")[0].strip()
    return opt_out_entry(text) if text else ""


def _opt_outs_in(text: str) -> OptOutList:
    ids, logins, wrong = set[str](), set[str](), []
    for number, line in enumerate(_LINE_END.split(text), start=1):
        try:
            entry = entry_in(line)
        except ValueError:
            wrong.append(number)
            continue
        if entry:
            (ids if is_id(entry) else logins).add(entry)
    return OptOutList(frozenset(ids), frozenset(logins), tuple(wrong))
