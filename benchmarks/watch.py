"""Looks each second at what an operator is told: live page, metrics, health checks and alerts."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import msgspec

from monitor.collection.snapshot import Snapshot
from tests.deploy.prometheus_server import PrometheusServer
from tests.monitor.metrics.hosts import parsed

_EVERY_S = 1.0
_WITHIN_S = 20.0

#: Of the metrics, these are shown, summed over their labels.
SHOWN = (
    "kafka_reachable",
    "received_messages_total",
    "received_events_total",
    "published_messages_total",
    "unconfirmed_messages",
    "outbox_messages",
    "dropped_messages_total",
    "unaccounted_messages",
)


@dataclass(frozen=True)
class Look:
    """What was to be seen at one moment."""

    #: Since the watch began.
    second: float
    #: Empty if the monitor did not respond.
    sentence: str
    level: str
    #: Of the metrics in SHOWN; empty if the monitor did not respond.
    figures: dict[str, float]
    #: The checks that failed, and why, of /livez and of /readyz.
    not_live: dict[str, str]
    not_ready: dict[str, str]
    #: Alerts and their states, "pending" or "firing".
    alerts: dict[str, str]
    #: Counters that are less than they were a second ago.
    fallen: list[str]


@dataclass
class Watch:
    """The looks at the monitor at *address*, HOST:PORT, and at *prometheus*."""

    address: str
    prometheus: PrometheusServer | None = None
    looks: list[Look] = field(default_factory=list)
    _counters: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    @property
    def second(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._began

    def look(self) -> Look:
        """Look once, and keep what was seen."""
        second = self.second
        snapshot = self._get("/status.json")
        seen = msgspec.json.decode(snapshot, type=Snapshot) if snapshot else None
        figures, fallen = self._metrics()
        alerts: dict[str, str] = {}
        if self.prometheus:
            with suppress(OSError):
                alerts = self.prometheus.alert_states()
        found = Look(
            second,
            seen.sentence if seen else "",
            seen.level if seen else "",
            figures,
            _failing(self._get("/livez")),
            _failing(self._get("/readyz")),
            alerts,
            fallen,
        )
        self.looks.append(found)
        return found

    @contextmanager
    def each_second(self) -> Iterator[None]:
        """Look each second during the block."""
        is_over = threading.Event()

        def run() -> None:
            while not is_over.is_set():
                began = time.monotonic()
                self.look()
                is_over.wait(max(0.0, began + _EVERY_S - time.monotonic()))

        thread = threading.Thread(target=run, name="watch")
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _metrics(self) -> tuple[dict[str, float], list[str]]:
        """Return the figures of SHOWN, and the counters that have fallen."""
        text = self._get("/metrics")
        if not text:
            return {}, []
        samples = parsed(text.decode())
        figures = {name: sum(samples.get(name, {}).values()) for name in SHOWN}
        counters = {
            (name, labels): value
            for name, values in samples.items()
            if name.endswith(("_total", "_bucket", "_count", "_sum"))
            for labels, value in values.items()
        }
        fallen = [
            f"{name}{sorted(labels)} {before:g} -> {counters[name, labels]:g}"
            for (name, labels), before in self._counters.items()
            if counters.get((name, labels), before) < before
        ]
        self._counters |= counters
        return figures, fallen

    def _get(self, path: str) -> bytes:
        """Return the response's body; nothing if there is no response."""
        request = urllib.request.Request(f"http://{self.address}{path}")
        try:
            with urllib.request.urlopen(request, timeout=_WITHIN_S) as response:  # noqa: S310
                body: bytes = response.read()
        except urllib.error.HTTPError as error:
            return error.read()
        except OSError:
            return b""
        return body


def _failing(body: bytes) -> dict[str, str]:
    if not body:
        return {"monitor": "no response"}
    checks = msgspec.json.decode(body)
    found: dict[str, str] = checks.get("checks", checks)
    return {name: text for name, text in found.items() if text != "ok"}
