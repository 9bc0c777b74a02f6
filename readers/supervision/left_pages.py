"""Removes what readers have left in `status` and `messages` when their channels are not read."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from common.status.last_messages import messages_folder
from common.status.page import remove_page
from common.status.reader_status import reader_pages


def remove_left_pages(state_dir: Path, channels: Set[str]) -> None:
    """
    Remove the pages of other channels than *channels* from *state_dir*.

    Those of readers that still run stay, and so does what cannot be removed: a page is no reason to
    fail.
    """
    pages = list[Path]()
    with suppress(OSError):
        pages += [path for name, path in reader_pages(state_dir).items() if name not in channels]
    with suppress(OSError):
        pages += [
            path for path in messages_folder(state_dir).iterdir() if path.name not in channels
        ]
    for page in pages:
        remove_page(page)
