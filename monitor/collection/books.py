"""
The books of a host: what came in must have gone out, or wait.

What they cannot account for must be 0. A page is written whole, so it holds at any moment.
"""

from __future__ import annotations

from common.status.publisher_status import PublisherStatus
from common.status.reader_status import ReaderStatus
from monitor.collection.host import Host


def unaccounted(host: Host) -> int:
    """Return how many records the books of all pages cannot account for, too many or too few."""
    records = sum(abs(unaccounted_by_reader(page.status)) for page in host.readers.values())
    if host.publisher:
        records += abs(unaccounted_by_publisher(host.publisher.status))
    return records


def unaccounted_by_reader(status: ReaderStatus) -> int:
    """Return how many records came in beyond those that are known; fewer than 0 if too few did."""
    gone = status.acknowledged + sum(status.dropped.values()) + status.replaced_gaps
    return status.received + status.events + status.gaps - gone - status.waiting


def unaccounted_by_publisher(status: PublisherStatus) -> int:
    """Return how many records it took beyond those that are known; fewer than 0 if too few."""
    published, dead_letters = sum(status.published.values()), sum(status.dead_letters.values())
    left_out = status.duplicates + status.left_out_gaps + status.left_out_events
    gone = published + left_out + dead_letters + status.abandoned
    return status.taken - gone - status.unconfirmed
