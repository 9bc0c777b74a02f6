"""Turns errors of SQLite that mean damage into OutboxDamagedError, and marks the outbox."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType

from readers.outbox.damage import is_damage, mark_damaged
from readers.outbox.errors import OutboxDamagedError


class DamageGuard:
    """
    A context in which an outbox file is used. It can be entered any number of times.

    A generator of contextlib would take 2 µs each time. Where even this is too much, `translated`
    does the same.
    """

    def __init__(self, path: Path, *, is_writing: bool) -> None:
        """With *is_writing*, an error that is only a refusal of the disk is passed on."""
        self._path = path
        self._is_writing = is_writing

    def __enter__(self) -> None:
        """Begin to use the file."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise OutboxDamagedError if *error* means damage."""
        if isinstance(error, sqlite3.DatabaseError):
            translated = self.translated(error)
            if translated is not error:
                raise translated from None

    def translated(self, error: sqlite3.DatabaseError) -> Exception:
        """Return what to raise because of *error*: itself if it does not mean damage."""
        if self._is_writing and not is_damage(error):
            return error
        return self.damaged(error)

    def damaged(self, error: Exception) -> OutboxDamagedError:
        """Mark the outbox as damaged, and return what to raise because of *error*."""
        mark_damaged(self._path)
        return OutboxDamagedError(
            f"{self._path} is damaged ({error}); the next start will set it aside"
        )
