"""
Stores how far a reader's numbers have come while the disk is too full for the outbox.

The numbers are in the name of an empty file beside the outbox. Creating or renaming it needs no
room.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

#: Numbers as `set` writes them, small enough for SQLite.
_NAME = re.compile(r"-numbers-(0|[1-9][0-9]{0,17})-(0|[1-9][0-9]{0,17})")


class Numbers(NamedTuple):
    """The last number that was acknowledged, and the last that was used."""

    acknowledged: int
    last_seq: int


class NumberingMark:
    """The mark of the outbox at a path. There is none while the disk accepts everything."""

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox
        #: The numbers in the mark, None without a mark. Only this class changes them.
        self.numbers = self._find()

    def set_since_ms(self) -> int:
        """Return when the mark was created, in Unix milliseconds. There must be one."""
        # A renaming does not change this time.
        assert self.numbers is not None
        return self._path(self.numbers).stat().st_mtime_ns // 1_000_000

    def set(self, numbers: Numbers) -> None:
        """Store *numbers* in the mark. Raises OSError when that fails."""
        if self.numbers is None:
            self._path(numbers).touch(mode=0o600)
        elif self.numbers != numbers:
            os.rename(self._path(self.numbers), self._path(numbers))
        self.numbers = numbers

    def remove(self) -> None:
        """Remove the mark, if there is one."""
        if self.numbers is not None:
            self._path(self.numbers).unlink(missing_ok=True)
            self.numbers = None

    def _find(self) -> Numbers | None:
        found = [
            Numbers(int(match[1]), int(match[2]))
            for path in self._outbox.parent.glob(f"{self._outbox.name}-numbers-*")
            if (match := _NAME.fullmatch(path.name.removeprefix(self._outbox.name)))
        ]
        return max(found, default=None)

    def _path(self, numbers: Numbers) -> Path:
        return self._outbox.with_name(f"{self._outbox.name}-numbers-{numbers[0]}-{numbers[1]}")
