"""The metrics of the login that auth keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.metrics.labels import labels
from monitor.metrics.metric import Kind, Metric, Sample
from monitor.metrics.scrape import Scrape


def _expiry(scrape: Scrape) -> Iterable[Sample]:
    page = scrape.host.auth
    # Without a login, or for one that never ends, there is no time to warn of.
    return [("", page.status.expires_ms / 1000)] if page and page.status.expires_ms else ()


def _valid(scrape: Scrape) -> Iterable[Sample]:
    page = scrape.host.auth
    return [("", int(page.status.is_valid))] if page and page.status.login else ()


def _renewals(scrape: Scrape) -> Iterator[Sample]:
    if page := scrape.host.auth:
        for result, count in page.status.renewals.items():
            yield labels(result=result), count


LOGIN_METRICS: tuple[Metric, ...] = (
    Metric(
        "token_expiry_timestamp_seconds",
        Kind.GAUGE,
        "When the login ends. Absent without a login.",
        (),
        _expiry,
    ),
    Metric(
        "login_valid",
        Kind.GAUGE,
        "1 while Twitch accepts the login. Absent without a login.",
        (),
        _valid,
    ),
    Metric(
        "token_renewals_total",
        Kind.COUNTER,
        "Attempts to renew the login: ok, refused by Twitch, or Twitch unreachable.",
        ("result",),
        _renewals,
    ),
)
