"""A reader's status page is its own from the start."""

from __future__ import annotations

import os
from pathlib import Path

from common.settings import read_settings
from common.status.page import StatusPage, read_page
from common.status.reader_status import ReaderState, ReaderStatus, reader_page
from readers.status_keeper import StatusKeeper


def test_the_state_of_the_last_reader_is_gone_before_the_outbox_is_opened(tmp_path: Path) -> None:
    """A reader that opens its outbox would count as in its channel. Its counts go on."""
    settings = read_settings({"STATE_DIR": str(tmp_path)})
    killed = StatusPage(reader_page(tmp_path, "xqc"), ReaderStatus)
    killed.write(ReaderStatus(state=ReaderState.IN_CHANNEL, received=5, acknowledged=5, pid=1))
    # As after a kill: the page stays as it is, and its lock is gone.
    killed.close()

    StatusKeeper("xqc", settings)
    page = read_page(reader_page(tmp_path, "xqc"), ReaderStatus)
    assert page.is_written
    assert (page.status.state, page.status.pid) == (ReaderState.STARTING, os.getpid())
    assert (page.status.received, page.status.acknowledged) == (5, 5)
