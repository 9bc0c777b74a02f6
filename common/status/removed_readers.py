"""
What the readers of removed channels had counted.

Their pages go with their channels. Without this one, a sum over all channels would fall, and
Prometheus would take all that remains for new: it would tell of losses that are long past.
"""

from __future__ import annotations

from pathlib import Path

from common.status.page import PageError, StatusPage, read_page, remove_page
from common.status.reader_status import ReaderStatus, status_folder


def removed_readers_page(state_dir: Path) -> Path:
    """
    Return the path of the page of what removed readers had counted.

    It is a ReaderStatus with sums. Its `channel` is that of a page that is being removed, whose
    counts are in it already; empty otherwise.
    """
    return status_folder(state_dir) / "removed-readers"


def remove_reader_pages(state_dir: Path, paths: dict[str, Path]) -> None:
    """
    Remove the pages at *paths*, by channel, of *state_dir*, and keep what they had counted.

    A page that is written, or cannot be removed, stays; a warning says why it cannot.
    """
    if not paths:
        return
    page = StatusPage(removed_readers_page(state_dir), ReaderStatus)
    sums = page.previous or ReaderStatus()
    try:
        for channel, path in paths.items():
            sums = _remove(page, sums, channel, path)
    finally:
        page.close()


def _remove(
    page: StatusPage[ReaderStatus], before: ReaderStatus, channel: str, path: Path
) -> ReaderStatus:
    """Remove the page at *path*; return the sums, which were *before*."""
    # A removal that was interrupted has counted it already.
    sums = before if before.channel == channel else _sum(before, path)
    sums.channel = channel
    page.write(sums)
    remove_page(path)
    if path.exists():
        sums = before
    sums.channel = ""
    page.write(sums)
    return sums


def _sum(sums: ReaderStatus, path: Path) -> ReaderStatus:
    """Return *sums* with what the page at *path* counts."""
    try:
        more = read_page(path, ReaderStatus).status
    except PageError:
        more = ReaderStatus()
    gaps = dict(sums.gaps_by_reason)
    for reason, (number, milliseconds) in more.gaps_by_reason.items():
        earlier, earlier_ms = gaps.get(reason, (0, 0))
        gaps[reason] = (earlier + number, earlier_ms + milliseconds)
    reasons = {**sums.dropped, **more.dropped}
    return ReaderStatus(
        connects=sums.connects + more.connects,
        malformed_lines=sums.malformed_lines + more.malformed_lines,
        received=sums.received + more.received,
        gaps=sums.gaps + more.gaps,
        acknowledged=sums.acknowledged + more.acknowledged,
        dropped={
            reason: sums.dropped.get(reason, 0) + more.dropped.get(reason, 0) for reason in reasons
        },
        replaced_gaps=sums.replaced_gaps + more.replaced_gaps,
        gaps_by_reason=gaps,
        events=sums.events + more.events,
        opted_out=sums.opted_out + more.opted_out,
    )
