"""
A query as panels.py has it: `outbox_bytes C{}`.

The name lacks its prefix. H{…} stands for what every metric of a host is selected by, C{…} for that
of a channel: `$instance` are the hosts, and `$channel` the channels, that are chosen at the top of
the dashboard.
"""

from __future__ import annotations

import re

_SELECTORS = {
    "H": 'instance=~"$instance"',
    "C": 'instance=~"$instance", channel=~"$channel"',
}


def query(text: str) -> str:
    """Return *text* in PromQL."""

    def selected(found: re.Match[str]) -> str:
        name, kind, more = found.groups()
        matchers = ", ".join(filter(None, [_SELECTORS[kind], more]))
        return f"twitch_ingestion_{name}{{{matchers}}}"

    return re.sub(r"\b(\w+) ([HC])\{([^}]*)\}", selected, text)
