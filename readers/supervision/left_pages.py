"""Removes what readers have left in `status` and `messages` when their channels are not read."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from common.status.last_messages import messages_folder
from common.status.page import remove_page
from common.status.reader_status import reader_pages
from common.status.removed_readers import remove_reader_pages


def remove_left_pages(state_dir: Path, channels: Set[str]) -> None:
    """
    Remove the pages of other channels than *channels* from *state_dir*.

    Those of readers that still run stay, and so does what cannot be removed: a page is no reason to
    fail.
    """
    with suppress(OSError):
        pages = reader_pages(state_dir)
        left = {name: path for name, path in pages.items() if name not in channels}
        remove_reader_pages(state_dir, left)
    with suppress(OSError):
        for path in list(messages_folder(state_dir).iterdir()):
            if path.name not in channels:
                remove_page(path)
