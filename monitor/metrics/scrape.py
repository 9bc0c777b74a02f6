"""What one answer to Prometheus is made from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from common.program_names import READER_PREFIX
from common.status.reader_status import ReaderStatus
from monitor.collection.hangs import is_in_channel
from monitor.collection.host import Host
from monitor.metrics.labels import label


@dataclass(frozen=True)
class Scrape:
    """A host, and what many metrics need of it."""

    host: Host
    #: Whether each channel has series of its own.
    per_channel: bool
    #: The label of each channel whose page can be read, and what the page says.
    readers: list[tuple[str, ReaderStatus]]
    #: What the pages of all readers count, also of those whose channels were removed.
    counts: list[ReaderStatus]
    #: The label of each channel that supervisord should read, and whether Twitch has confirmed
    #: its join.
    wanted: list[tuple[str, bool]]
    #: By time.perf_counter.
    started_s: float


def scrape_of(host: Host, *, per_channel: bool) -> Scrape:
    """Return what the metrics of *host* are made from."""
    started_s = time.perf_counter()
    statuses = [page.status for page in host.readers.values()]
    in_channel = {channel: is_in_channel(host, page) for channel, page in host.readers.items()}
    return Scrape(
        host=host,
        per_channel=per_channel,
        readers=[(label("channel", name), page.status) for name, page in host.readers.items()],
        counts=[*statuses, host.removed_readers],
        wanted=[
            (label("channel", name), in_channel.get(name, False))
            for name in _wanted(host, in_channel)
        ],
        started_s=started_s,
    )


def _wanted(host: Host, pages: Mapping[str, object]) -> list[str]:
    """Return the channels that supervisord has a reader for; without one, those with a page."""
    if host.programs is None:
        return list(pages)
    return [
        name.removeprefix(READER_PREFIX) for name in host.programs if name.startswith(READER_PREFIX)
    ]
