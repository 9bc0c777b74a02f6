"""The snapshot of a host whose monitor gives none."""

from __future__ import annotations

from monitor.collection.remote import RemoteError
from monitor.collection.snapshot import Finding, History, Level, Snapshot, Totals


def absent(host: str, error: RemoteError, *, since_ms: int, at_ms: int) -> Snapshot:
    """
    Return a snapshot that says why the monitor of *host* gives none, in place of its own.

    It is so since *since_ms*, and now it is *at_ms*, both in Unix milliseconds.
    """
    return Snapshot(
        host=host,
        at_ms=at_ms,
        level=Level.PROBLEM,
        sentence=str(error),
        since_ms=since_ms,
        findings=[Finding(Level.PROBLEM, str(error), since_ms, error.advice)],
        channels=[],
        publisher=None,
        login=None,
        totals=Totals(0, 0, 0.0, 0, 0, 0, 0),
        history=History(10, at_ms, [], [], [], []),
        last_gaps=[],
    )
