"""What is wrong with a host, the worst first."""

from __future__ import annotations

from monitor.collection.figures import Figures
from monitor.collection.host import Host
from monitor.collection.host_findings import host_findings
from monitor.collection.publisher_findings import publisher_findings
from monitor.collection.reader_findings import reader_findings
from monitor.collection.snapshot import RANKS, Channel, Finding, Level, Login, Publisher


def findings(
    host: Host,
    figures: Figures,
    rows: list[Channel],
    publisher: Publisher | None,
    login: Login | None,
) -> list[Finding]:
    """Return what is wrong with *host*, of which *rows*, *publisher* and *login* are shown."""
    found = [
        *publisher_findings(host, figures, publisher),
        *reader_findings(host, figures, rows),
        *host_findings(host, figures, login),
    ]
    if not (rows or publisher or login or found):
        found.append(_nothing_runs(figures))
    # Of one level, they stay in this order.
    return sorted(found, key=lambda finding: RANKS[finding.level])


def _nothing_runs(figures: Figures) -> Finding:
    return Finding(
        Level.WARNING,
        "no process of this service has run here",
        figures.since.of("nothing"),
        "start the service, or start this monitor in its folder and with its STATE_DIR",
    )
