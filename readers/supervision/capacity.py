"""How many readers can run under a supervisord, which keeps two files open for each."""

from __future__ import annotations

from typing import Any
from xmlrpc.client import ServerProxy

from common.open_files import open_files_limit
from common.supervisor_start import FILES_PER_PROGRAM, OTHER_FILES


def open_files_of(supervisord: ServerProxy) -> int:
    """Return how many files *supervisord* may open. Raises as `apply_changes` does."""
    procedures: Any = supervisord.supervisor
    return open_files_limit(procedures.getPID())


def readers_that_fit(open_files: int) -> int:
    """Return how many readers can run if supervisord and the publisher may open *open_files*."""
    # The publisher has two connections to each reader.
    return max(0, (open_files - OTHER_FILES) // FILES_PER_PROGRAM)


def open_files_for(readers: int) -> int:
    """Return how many files supervisord must be allowed to open for so many *readers*."""
    return readers * FILES_PER_PROGRAM + OTHER_FILES
