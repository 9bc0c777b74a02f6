"""
Prints the dashboard for Grafana as JSON. After an edit of panels.py, run

    .venv/bin/python deploy/grafana/dashboard.py > deploy/grafana/dashboards/twitch-ingestion.json

It needs the extra `dashboard` (`scripts/install dashboard`).
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from panel import Panel
from panels import ROWS
from queries import query

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

#: The width of a dashboard, and the heights of panels, in Grafana's units.
_WIDTH = 24
_NUMBER_HEIGHT = 4
_GRAPH_HEIGHT = 8

#: This panel has a histogram: how many values are within each of its bounds.
_HEATMAP = "Messages by their delay"


def make_dashboard() -> Dashboard:
    """Return the dashboard."""
    made = (
        build.Dashboard("Twitch ingestion")
        .uid("twitch-ingestion")
        .description("From Twitch chat to Kafka: what is read, what waits, what was missed.")
        .tags(["twitch-ingestion"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-3h", "now")
        .refresh("30s")
        .with_variable(build.DatasourceVariable("datasource").label("Source").type("prometheus"))
        .with_variable(choice("instance", "Host", "twitch_ingestion_build_info"))
        .with_variable(choice("channel", "Channel", "twitch_ingestion_outbox_messages"))
    )
    numbers = itertools.count(1)
    for title, panels in ROWS.items():
        made = made.with_row(build.Row(title).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(drawn(panel, of=len(panels)).id(next(numbers)))
    finished = made.build()
    for variable in finished.templating.list_val or []:
        # Otherwise "All" would be a list of all names, and leave out what has no such label.
        if variable.include_all:
            variable.all_value = ".*"
    return finished


def choice(name: str, label: str, metric: str) -> build.QueryVariable:
    """Return the variable *name*: some or all values of that label of *metric*."""
    others = '{instance=~"$instance"}' if name == "channel" else ""
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query(f"label_values({metric}{others}, {name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def drawn(panel: Panel, of: int) -> stat.Panel | timeseries.Panel | heatmap.Panel:
    """Return how *panel* is drawn in a row *of* so many."""
    made: Any
    if panel.is_number:
        made = number(panel).height(_NUMBER_HEIGHT).span(_WIDTH // ((of + 1) // 2))
    elif panel.title == _HEATMAP:
        made = heatmap.Panel().height(_GRAPH_HEIGHT).span(_WIDTH // 3)
        made.y_axis(heatmap.YAxisConfig().unit(panel.unit))
    else:
        made = lines(panel).height(_GRAPH_HEIGHT).span(_WIDTH // (3 if of % 3 == 0 else 2))
    for legend, text in panel.queries.items():
        target = prometheus.Dataquery().expr(query(text)).legend_format(legend)
        if panel.is_number:
            target.instant()
        elif panel.title == _HEATMAP:
            target.range().format(PromQueryFormat.HEATMAP)
        else:
            target.range()
        made.with_target(target)
    done: stat.Panel | timeseries.Panel | heatmap.Panel = (
        made.title(panel.title).description(panel.text).datasource(_SOURCE)
    )
    return done


def number(panel: Panel) -> stat.Panel:
    """Return *panel* as one number, which is red from a value on."""
    steps = [Threshold(value=None, color="green" if panel.bad_from else "text")]
    if panel.bad_from:
        steps.append(Threshold(value=panel.bad_from, color="red"))
    limits = build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
    return (
        stat.Panel()
        .unit(panel.unit)
        .thresholds(limits)
        .color_scheme(build.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )


def lines(panel: Panel) -> timeseries.Panel:
    """Return *panel* as lines over time."""
    legend = build_common.VizLegendOptions().show_legend(True)
    return (
        timeseries.Panel()
        .unit(panel.unit)
        .min(0)
        .fill_opacity(10)
        .legend(
            legend.display_mode(common.LegendDisplayMode.LIST).placement(
                common.LegendPlacement.BOTTOM
            )
        )
        .tooltip(build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )


if __name__ == "__main__":
    sys.stdout.write(JSONEncoder(sort_keys=True, indent=2).encode(make_dashboard()) + "\n")
