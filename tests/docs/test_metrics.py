"""docs/monitoring.md lists exactly the metrics of the code."""

from __future__ import annotations

from monitor.metrics.metric import Metric
from monitor.metrics.table import METRICS
from tests.processes import REPOSITORY

_HEAD = "| metric | type | labels | meaning | without `channel` |"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return (
        f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |"
        f" {metric.over_channels or ''} |"
    )


def test_the_page_has_a_row_for_each_metric_and_no_other() -> None:
    """In the order of the table in the code, with the text of HELP."""
    lines = (REPOSITORY / "docs" / "monitoring.md").read_text().splitlines()
    listed = lines[lines.index(_HEAD) + 2 :]
    rows = listed[: listed.index("")]
    assert rows == [_row(metric) for metric in METRICS]
