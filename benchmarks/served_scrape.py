"""What one answer to Prometheus costs a whole `monitor`, for benchmarks.scrape."""

from __future__ import annotations

import http.client
import statistics
import time
from pathlib import Path

from benchmarks.usage import private_mib, processor_s
from tests.processes import python_module, started_processes, wait_for_line

_SERVES_WITHIN_S = 60.0

#: Seconds between two questions: a monitor looks at the host at most once a second.
_EVERY_S = 1.1


def served(state_dir: Path, rounds: int, encoding: str) -> dict[str, object]:
    """Return the figures of a monitor of *state_dir* that is asked for the content *encoding*."""
    settings = {"STATE_DIR": str(state_dir)}
    with started_processes(state_dir) as start:
        monitor = start(python_module("monitor"), settings)
        port = int(wait_for_line(monitor, r"at http://127\.0\.0\.1:(\d+)/", _SERVES_WITHIN_S)[1])
        size = _get(port, encoding)
        costs_ms = []
        for _ in range(rounds):
            time.sleep(_EVERY_S)
            before = processor_s(monitor.pid)
            _get(port, encoding)
            costs_ms.append((processor_s(monitor.pid) - before) * 1000)
        return {
            "way": f"served, {encoding}",
            "all ms": round(statistics.mean(costs_ms), 1),
            "bytes": size,
            "private MiB": round(private_mib(monitor.pid), 1),
        }


def _get(port: int, encoding: str) -> int:
    """Return the number of bytes of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SERVES_WITHIN_S)
    try:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": encoding})
        return len(connection.getresponse().read())
    finally:
        connection.close()
