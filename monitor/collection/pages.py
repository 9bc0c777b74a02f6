"""Reads all status pages of a host. One that cannot be read never keeps another from being read."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from common.program_names import READER_PREFIX
from common.status.auth_status import AuthStatus, auth_page
from common.status.page import PAGE_BYTES, PageError, ReadPage, Status, read_page
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus, publisher_page
from common.status.reader_status import ReaderStatus, reader_pages, status_folder
from common.status.removed_readers import removed_readers_page

#: How often readers' pages are read again while channels are being removed, and seconds between:
#: to remove a thousand takes 0.1 s.
_READS = 20
_PAUSE_S = 0.02


@dataclass(frozen=True)
class Pages:
    """The pages of a host; see `Host`."""

    readers: dict[str, ReadPage[ReaderStatus]]
    publisher: ReadPage[PublisherStatus] | None
    auth: ReadPage[AuthStatus] | None
    removed_readers: ReaderStatus
    unreadable: dict[str, str]


def read_pages(state_dir: Path) -> Pages:
    """Return what the pages in *state_dir* hold."""
    unreadable: dict[str, str] = {}
    readers, removed = _readers(state_dir, unreadable)
    publisher = publisher_page(state_dir)
    return Pages(
        readers,
        _read("publisher", publisher, PublisherStatus, unreadable, PUBLISHER_PAGE_BYTES),
        _read("auth", auth_page(state_dir), AuthStatus, unreadable),
        removed,
        unreadable,
    )


def _readers(
    state_dir: Path, unreadable: dict[str, str]
) -> tuple[dict[str, ReadPage[ReaderStatus]], ReaderStatus]:
    """Return the readers' pages, and what removed readers had counted, each reader in one place."""
    removed = _removed(state_dir, unreadable)
    for _ in range(_READS):
        readers, before = _present(state_dir, unreadable), removed
        removed = _removed(state_dir, unreadable)
        if removed == before:
            break
        time.sleep(_PAUSE_S)
    readers.pop(removed.channel, None)
    return readers, removed


def _present(state_dir: Path, unreadable: dict[str, str]) -> dict[str, ReadPage[ReaderStatus]]:
    try:
        paths = reader_pages(state_dir)
    except OSError as error:
        folder = status_folder(state_dir)
        unreadable[folder.name] = f"{folder}: {error.strerror}"
        paths = {}
    readers = {}
    for channel, path in paths.items():
        page = _read(READER_PREFIX + channel, path, ReaderStatus, unreadable)
        if page:
            readers[channel] = page
    return readers


def _removed(state_dir: Path, unreadable: dict[str, str]) -> ReaderStatus:
    path = removed_readers_page(state_dir)
    page = _read(path.name, path, ReaderStatus, unreadable)
    return page.status if page else ReaderStatus()


def _read(
    program: str,
    path: Path,
    kind: type[Status],
    unreadable: dict[str, str],
    size: int = PAGE_BYTES,
) -> ReadPage[Status] | None:
    """Return the page of *program*; None if there is none, or it is *unreadable* from now on."""
    try:
        return read_page(path, kind, size)
    except PageError as error:
        # It may have been removed with its channel just now.
        if os.path.lexists(path):
            unreadable[program] = str(error)
        return None
