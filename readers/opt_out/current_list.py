"""
Keeps up with optout.conf while a reader runs.

It looks at the file when asked, but not more than once a second, so an idle reader does not wake up
for it. Whatever is wrong with the file later, the last list that could be read holds.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from common.settings import SettingsError
from common.unix_time import unix_ms
from readers.opt_out.file import SHOWN_LINES, OptOutList, read_opt_outs

#: Seconds between two looks at the file.
LOOK_EVERY_S = 1.0

#: A file that was changed within so many milliseconds may not be complete yet: some editors empty
#: it before they write it. It is read at a later look.
_SETTLED_AFTER_MS = 200

#: What tells that a file is another one, or was changed.
_Signature = tuple[int, int, int, int, int]

logger = logging.getLogger(__name__)


class CurrentList:
    """Who has opted out in the file at *path*."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        time_of_day: Callable[[], int] = unix_ms,
    ) -> None:
        """Read the file. Raises SettingsError if it is there and cannot be read."""
        self._path = path.absolute()
        self._clock = clock
        self._time_of_day = time_of_day
        self._look_at = clock() + LOOK_EVERY_S
        self._signature: _Signature | None = None
        #: That of the last look at which the file was empty, or changed while it was read.
        self._empty: _Signature | None = None
        #: Whether the log says that the file cannot be read.
        self._has_complained = False
        self.people = OptOutList()
        seen: list[os.stat_result] = []
        try:
            people = read_opt_outs(self._path, seen.append)
            # What was not settled may change again without another signature.
            self._take(people, _signature(seen[0]) if self._is_settled(seen[0]) else None)
        except FileNotFoundError:
            pass  # nobody has opted out
        except OSError as error:
            raise SettingsError(
                f"cannot read {self._path}: {error.strerror}. Nothing is read from Twitch, because"
                " the file may name people who do not want to be recorded"
            ) from None

    def look(self) -> bool:
        """Look at the file if that is due; return whether it was read again."""
        now = self._clock()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_S
        try:
            status = os.stat(self._path)
            signature = _signature(status)
            if signature == self._signature or not self._is_settled(status):
                return False
            people = read_opt_outs(self._path)
            is_same = _signature(os.stat(self._path)) == signature
        except OSError as error:
            self._complain(error)
            return False
        # While an editor empties the file, it has no bytes already, and still its old time.
        if not is_same or (status.st_size == 0 and signature != self._empty):
            self._empty = signature
            return False
        self._has_complained = False
        self._take(people, signature)
        logger.info("%s has changed; entries: %d", self._path, self.people.people)
        return True

    def _take(self, people: OptOutList, signature: _Signature | None) -> None:
        self.people, self._signature = people, signature
        wrong = self.people.wrong_lines
        for number in wrong[:SHOWN_LINES]:
            logger.warning(
                "line %d of %s is neither an id nor a login, and is ignored", number, self._path
            )
        if len(wrong) > SHOWN_LINES:
            logger.warning("%d more lines of %s are wrong", len(wrong) - SHOWN_LINES, self._path)

    def _is_settled(self, status: os.stat_result) -> bool:
        """Return whether the file was not changed just now. A time in the future does not count."""
        return not 0 <= self._time_of_day() - status.st_ctime_ns // 10**6 < _SETTLED_AFTER_MS

    def _complain(self, error: OSError) -> None:
        is_missing = isinstance(error, FileNotFoundError)
        self._signature = None
        if is_missing and not self.people.people:
            return
        if self._has_complained:
            return
        self._has_complained = True
        level = logging.WARNING if is_missing else logging.ERROR
        logger.log(
            level,
            "cannot read %s (%s): the last list still holds (entries: %d). To let everybody be"
            " recorded, make the file empty",
            self._path,
            error.strerror,
            self.people.people,
        )


def _signature(status: os.stat_result) -> _Signature:
    return (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )
