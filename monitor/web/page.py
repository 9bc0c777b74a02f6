"""The live page as HTML, so that it shows everything before, and without, its scripts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.collection.formats import exact
from monitor.collection.snapshot import RANKS, Channel, Finding, History, Level, Snapshot
from monitor.web.sparkline import HEIGHT, WIDTH
from monitor.web.views import (
    EMPTY,
    View,
    channel_view,
    charts,
    gap_view,
    login_view,
    publisher_view,
    since_view,
)

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).parent / "templates"

#: A channel's figures: the name of the place, and its label.
_FIGURES = (
    ("messages_per_s", "Messages/s"),
    ("last_message", "Last message"),
    ("delay", "Delay p50 / p99"),
    ("outbox", "Outbox"),
    ("gaps", "Gaps"),
    ("connects", "Connects"),
)

#: The name, the label and the order of each column of channels.
_COLUMNS = (
    ("channel", "Channel", ""),
    ("host", "Host", ""),
    ("state", "State", "ascending"),
    *((name, label, "") for name, label in _FIGURES),
)

#: A longer table has the other parts beside it, a shorter one below it.
_FEW_CHANNELS = 8

_PUBLISHER_FACTS = (
    ("Session", ("session",)),
    ("Kafka", ("kafka", "kafka_since")),
    ("Brokers", ("brokers",)),
    ("Queue", ("queue",)),
    ("Unconfirmed", ("unconfirmed",)),
    ("Delay p50 / p99", ("delay",)),
    ("Links", ("readers",)),
    ("Published", ("published",)),
    ("Duplicates left out", ("duplicates",)),
    ("Dead letters", ("dead_letters",)),
    ("Delivery", ("delivery",)),
)

_LOGIN_FACTS = (("Ends", ("expires",)),)

#: What stands for a level where there is no colour, and no room for a word.
_SIGNS = {Level.PROBLEM: "✕", Level.WARNING: "!", Level.OK: "✓"}


def page(hosts: Sequence[Snapshot]) -> str:
    """Return the page that shows *hosts*, of which the first is the host that serves it."""
    many = len(hosts) > 1
    return _template().render(
        verdicts=[_verdict(host) for host in hosts],
        many=many,
        title=_title(hosts),
        taken=exact(hosts[0].at_ms) if hosts else "",
        rows=_rows(hosts),
        publishers=[(h, publisher_view(h.publisher, h.at_ms)) for h in hosts if h.publisher],
        logins=[(h, login_view(h.login, h.at_ms)) for h in hosts if h.login],
        histories=[(h, charts(h.history)) for h in hosts],
        gaps=_gaps(hosts),
    )


def _title(hosts: Sequence[Snapshot]) -> str:
    """Return the worst host's sentence. The tab of a browser shows its beginning."""
    worst = min(hosts, key=lambda host: RANKS[host.level], default=None)
    if worst is None:
        return "Twitch ingestion"
    return f"{_SIGNS[worst.level]} {worst.sentence} | Twitch ingestion"


def _verdict(host: Snapshot) -> tuple[Snapshot, View, list[tuple[Finding, View]]]:
    findings = [(finding, since_view(finding.since_ms, host.at_ms)) for finding in host.findings]
    return host, since_view(host.since_ms, host.at_ms), findings


def _rows(hosts: Sequence[Snapshot]) -> list[tuple[Snapshot, Channel, View]]:
    """Return all channels of *hosts*, problems first."""
    rows = [(host, channel) for host in hosts for channel in host.channels]
    rows.sort(key=lambda row: (RANKS[row[1].level], row[1].channel, row[0].host))
    return [(host, channel, channel_view(channel, host.at_ms)) for host, channel in rows]


def _gaps(hosts: Sequence[Snapshot]) -> list[tuple[Snapshot, View]]:
    """Return the gap records of all *hosts*, newest first."""
    gaps = [(host, gap) for host in hosts for gap in host.last_gaps]
    gaps.sort(key=lambda pair: -pair[1].to_ms)
    return [(host, gap_view(gap, host.at_ms)) for host, gap in gaps]


@cache
def _template() -> Template:
    # A monitor that only serves metrics and health needs no templates: they take 4 MiB.
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        undefined=ChainableUndefined,
    )
    environment.globals.update(
        nothing={},
        EMPTY=EMPTY,
        COLUMNS=_COLUMNS,
        FIGURES=_FIGURES,
        FEW_CHANNELS=_FEW_CHANNELS,
        PUBLISHER_FACTS=_PUBLISHER_FACTS,
        LOGIN_FACTS=_LOGIN_FACTS,
        CHART_WIDTH=WIDTH,
        CHART_HEIGHT=HEIGHT,
        empty_charts=charts(History(0, 0, [], [], [], [])),
    )
    return environment.get_template("page.html")
