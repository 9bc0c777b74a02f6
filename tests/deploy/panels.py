"""Reads the queries of the dashboard for Grafana."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.deploy.manifests import DEPLOY

DASHBOARD = DEPLOY / "grafana" / "dashboards" / "twitch-ingestion.json"

#: What Grafana puts in place of the variables if all hosts and channels are chosen.
_VARIABLES = {
    "$instance": ".*",
    "$channel": ".*",
    "$__rate_interval": "1m",
    "$__range": "1h",
}


@dataclass(frozen=True)
class Query:
    """A query of a panel."""

    panel: str
    legend: str
    expression: str


def dashboard_queries() -> list[Query]:
    """Return all queries of the dashboard, with all hosts and all channels chosen."""
    return [
        Query(panel["title"], target["legendFormat"], _without_variables(target["expr"]))
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", ())
    ]


def _without_variables(expression: str) -> str:
    for name, value in _VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression
