"""The publisher's books in tests: new ones, what a page says, and whether it balances."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from common.settings import read_settings
from common.status.page import read_page
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus, publisher_page
from monitor.collection.books import unaccounted_by_publisher
from publisher.books import Books
from publisher.open_books import open_books

_WITHIN_S = 60


def new_books(state_dir: Path, topic: str = "chat") -> Books:
    """
    Return the books in *state_dir* of a publisher to *topic*, with `-events` for events and `-gaps`
    for gap records.
    """
    environment = {
        "STATE_DIR": str(state_dir),
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
        "KAFKA_TOPIC_CHAT_EVENTS": f"{topic}-events",
        "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
    }
    return open_books(read_settings(environment))


def status_of(state_dir: Path) -> PublisherStatus:
    """Return what the publisher's page in *state_dir* says, which must balance."""
    page = read_page(publisher_page(state_dir), PublisherStatus, PUBLISHER_PAGE_BYTES)
    check_balance(page.status)
    return page.status


def wait_for_status(
    state_dir: Path, is_wanted: Callable[[PublisherStatus], bool]
) -> PublisherStatus:
    """Return the first status that *is_wanted*; each one until then must balance."""
    deadline = time.monotonic() + _WITHIN_S
    while not is_wanted(status := status_of(state_dir)):
        assert time.monotonic() < deadline, f"never came about: {status}"
        time.sleep(0.02)
    return status


def check_balance(status: PublisherStatus) -> None:
    """Expect each taken record in exactly one of the other counts."""
    assert not unaccounted_by_publisher(status), status
