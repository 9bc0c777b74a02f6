"""Reads all status pages of a host. One that cannot be read never keeps another from being read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from common.program_names import READER_PREFIX
from common.status.auth_status import AuthStatus, auth_page
from common.status.page import PAGE_BYTES, PageError, ReadPage, Status, read_page
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus, publisher_page
from common.status.reader_status import ReaderStatus, reader_pages, status_folder


@dataclass(frozen=True)
class Pages:
    """The pages of a host; see `Host`."""

    readers: dict[str, ReadPage[ReaderStatus]]
    publisher: ReadPage[PublisherStatus] | None
    auth: ReadPage[AuthStatus] | None
    unreadable: dict[str, str]


def read_pages(state_dir: Path) -> Pages:
    """Return what the pages in *state_dir* hold."""
    unreadable: dict[str, str] = {}
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
    publisher = publisher_page(state_dir)
    return Pages(
        readers,
        _read("publisher", publisher, PublisherStatus, unreadable, PUBLISHER_PAGE_BYTES),
        _read("auth", auth_page(state_dir), AuthStatus, unreadable),
        unreadable,
    )


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
