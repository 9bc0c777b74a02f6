"""What one answer to Prometheus costs a whole `monitor`, for benchmarks.scrape."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks.usage import private_mib, processor_s
from tests.monitor.web.monitors import start_monitor
from tests.processes import started_processes

#: Seconds between two questions: a monitor looks at the host at most once a second.
_EVERY_S = 1.1


def served(state_dir: Path, rounds: int, encoding: str) -> dict[str, object]:
    """Return the figures of a monitor of *state_dir* that is asked for the content *encoding*."""
    with started_processes(state_dir) as start:
        monitor = start_monitor(start, {"STATE_DIR": str(state_dir)})
        pid, accepted = monitor.process.pid, {"Accept-Encoding": encoding}
        size = len(monitor.get("/metrics", accepted).body)
        costs_ms = []
        for _ in range(rounds):
            time.sleep(_EVERY_S)
            before = processor_s(pid)
            monitor.get("/metrics", accepted)
            costs_ms.append((processor_s(pid) - before) * 1000)
        return {
            "way": f"served, {encoding}",
            "all ms": round(statistics.mean(costs_ms), 1),
            "bytes": size,
            "private MiB": round(private_mib(pid), 1),
        }
