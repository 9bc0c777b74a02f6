"""All metrics: the text for Prometheus, the documentation and dashboards follow this table."""

from __future__ import annotations

from monitor.metrics.host_metrics import HOST_METRICS
from monitor.metrics.kafka_metrics import KAFKA_METRICS
from monitor.metrics.login_metrics import LOGIN_METRICS
from monitor.metrics.metric import Metric
from monitor.metrics.publisher_metrics import PUBLISHER_METRICS
from monitor.metrics.reader_metrics import READER_METRICS

METRICS: tuple[Metric, ...] = (
    *READER_METRICS,
    *PUBLISHER_METRICS,
    *KAFKA_METRICS,
    *LOGIN_METRICS,
    *HOST_METRICS,
)
