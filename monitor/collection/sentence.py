"""The state of a host in one sentence, while nothing is wrong."""

from __future__ import annotations

from monitor.collection import words
from monitor.collection.figures import Figures
from monitor.collection.host import Host
from monitor.collection.snapshot import Publisher, Totals

#: Milliseconds that a message may be on its way without being said to wait.
_ON_ITS_WAY_MS = 5_000


def sentence(host: Host, figures: Figures, totals: Totals, publisher: Publisher | None) -> str:
    """Return the state of *host*, such as `3 of 3 channels, 26 messages/s, all in Kafka, …`."""
    if totals.channels:
        said = f"{totals.in_channel:,} of {words.count(totals.channels, 'channel')}"
        rate = words.rate(totals.messages_per_s)
        return f"{said}, {rate}, {_where(host, totals)}, {_missed(figures, totals)}"
    if publisher:
        return (
            f"the publisher is {publisher.state}, {words.count(publisher.readers, 'reader')},"
            f" {words.rate(publisher.published_per_s)}"
        )
    return "auth keeps the login valid" if host.auth else "no channel is read"


def _where(host: Host, totals: Totals) -> str:
    waits = any(
        page.status.waiting and host.at_ms - page.status.oldest_waiting_ms > _ON_ITS_WAY_MS
        for page in host.readers.values()
    )
    return f"{totals.waiting:,} wait on disk" if waits else "all in Kafka"


def _missed(figures: Figures, totals: Totals) -> str:
    lost = "nothing lost in the last hour" if totals.dropped else "nothing lost"
    gap_ms = sum(figures.last_hour.counts.gap_ms.values())
    return f"{lost}, {words.duration(gap_ms)} missed in the last hour" if gap_ms >= 1000 else lost
