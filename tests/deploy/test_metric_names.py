"""Alerts and dashboard ask only for metrics that exist, in valid PromQL."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import promql_parser
import pytest

from monitor.metrics.table import METRICS
from tests.deploy.manifests import DEPLOY, alerts
from tests.deploy.panels import dashboard_queries
from tests.processes import run_to_end

_GRAFANA = DEPLOY / "grafana"

#: What Prometheus itself makes.
_OF_PROMETHEUS = {"ALERTS", "scrape_duration_seconds", "up"}


def names_in(expression: str) -> set[str]:
    """Return the names of the metrics that *expression* asks for. Raises ValueError."""
    promql_parser.parse(expression)
    without_texts = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:twitch_ingestion_\w+|ALERTS|scrape_\w+|up)\b", without_texts))


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return the names of all metrics."""
    return {name for metric in METRICS for name in metric.series_names} | _OF_PROMETHEUS


def asked() -> Iterator[tuple[str, str]]:
    """Yield the name and the expression of each alert, and of each query of the dashboard."""
    for alert in alerts():
        yield alert["alert"], alert["expr"]
    for query in dashboard_queries():
        yield f"{query.panel}: {query.legend}", query.expression


@pytest.mark.parametrize("expression", [pytest.param(text, id=name) for name, text in asked()])
def test_what_is_asked_for_exists(expression: str, known: set[str]) -> None:
    """A name that does not exist is no error to Prometheus: it answers nothing, for ever."""
    names = names_in(expression)
    assert names
    assert names <= known


def test_the_dashboard_is_what_its_script_makes() -> None:
    """Nobody has edited the JSON by hand, or forgotten to make it again."""
    made = run_to_end([sys.executable, _GRAFANA / "dashboard.py"], _GRAFANA)
    assert made.returncode == 0, made.stderr
    assert made.stdout == (_GRAFANA / "dashboards" / "twitch-ingestion.json").read_text()
