"""Observes this host: what is known of it now, how that changes, and what is wrong."""

from __future__ import annotations

import secrets
import socket
from heapq import nlargest

from common.status.reader_status import ReaderState
from monitor.collection.books import unaccounted
from monitor.collection.channel_rows import channel_rows
from monitor.collection.collector import Collector
from monitor.collection.figures import Figures
from monitor.collection.findings import findings
from monitor.collection.host import Host
from monitor.collection.login_row import login_row
from monitor.collection.publisher_row import publisher_row
from monitor.collection.sentence import sentence
from monitor.collection.snapshot import Channel, Gap, Level, Snapshot, Totals

#: How many of the newest gap records a snapshot has.
_SHOWN_GAPS = 20


class Observer:
    """Makes snapshots of what *collector* collects."""

    def __init__(self, collector: Collector, *, shows_messages: bool = False) -> None:
        """*shows_messages*: whether a channel's last messages can be asked for."""
        self._collector = collector
        self._shows_messages = shows_messages
        self._figures = Figures()
        self._name = secrets.token_hex(8)

    def observe(self) -> Snapshot:
        """Collect once, and return what there is to be seen."""
        return self.see(self.collect())

    def collect(self) -> Host:
        """Collect once, and return the facts: less work, where they are enough."""
        return self._collector.collect()

    def see(self, host: Host) -> Snapshot:
        """Return what there is to be seen of *host*, after what was seen before."""
        figures = self._figures
        figures.add(host)
        rows = channel_rows(host, figures)
        publisher, login = publisher_row(host, figures), login_row(host, figures)
        found = findings(host, figures, rows, publisher, login)
        totals = _totals(host, figures, rows)
        level = found[0].level if found else Level.OK
        return Snapshot(
            host=socket.gethostname(),
            at_ms=host.at_ms,
            level=level,
            sentence=found[0].text if found else sentence(host, figures, totals, publisher),
            since_ms=found[0].since_ms if found else figures.since.of("all is well"),
            findings=found,
            channels=rows,
            publisher=publisher,
            login=login,
            totals=totals,
            history=figures.history.history(),
            last_gaps=_last_gaps(host),
            shows_messages=self._shows_messages,
            monitor=self._name,
        )


def _totals(host: Host, figures: Figures, rows: list[Channel]) -> Totals:
    return Totals(
        channels=len(rows),
        in_channel=sum(row.state == ReaderState.IN_CHANNEL for row in rows),
        messages_per_s=figures.rates.received(),
        # Also of readers that are not wanted any more.
        waiting=sum(page.status.waiting for page in host.readers.values()),
        dropped=sum(sum(page.status.dropped.values()) for page in host.readers.values()),
        gaps=sum(row.gaps for row in rows),
        unaccounted=unaccounted(host),
    )


def _last_gaps(host: Host) -> list[Gap]:
    gaps = (
        (gap.to_ms, gap.from_ms, channel, gap.reason)
        for channel, page in host.readers.items()
        for gap in page.status.last_gaps
    )
    return [
        Gap(channel, from_ms, to_ms, reason)
        for to_ms, from_ms, channel, reason in nlargest(_SHOWN_GAPS, gaps)
    ]
