"""
Measures one way to answer Prometheus, for benchmarks.scrape.

`python -m benchmarks.one_scrape WAY STATE_DIR ROUNDS` prints the figures as JSON.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.usage import private_mib
from monitor.collection.collector import Collector
from monitor.collection.host import Host

#: How the text is written. Each imports what it needs only when it is measured.
WAYS = ("pages only", "own text", "own text, sums", "prometheus_client")


def render_by(way: str) -> Callable[[Host], str]:
    """Return the function that writes the text of a host in *way*, one of WAYS."""
    if way == "pages only":
        return lambda _: ""
    if way == "prometheus_client":
        written: Callable[[Host], str] = importlib.import_module(
            "benchmarks.client_collector"
        ).channels_text
        return written
    metrics_text = importlib.import_module("monitor.metrics.text").metrics_text
    return lambda host: str(metrics_text(host, per_channel=way == "own text"))


def measure(way: str, state_dir: Path, rounds: int) -> dict[str, object]:
    """Return the figures of *way*, measured in this process."""
    collector, render = Collector(state_dir, state_dir), render_by(way)
    collect_ms, render_ms = [], []
    text = ""
    for _ in range(rounds):
        started = time.process_time()
        host = collector.collect()
        collected = time.process_time()
        text = render(host)
        render_ms.append((time.process_time() - collected) * 1000)
        collect_ms.append((collected - started) * 1000)
    memory = private_mib(os.getpid())
    started = time.process_time()
    packed = gzip.compress(text.encode(), compresslevel=1)
    return {
        "way": way,
        "collect ms": round(statistics.median(collect_ms), 1),
        "render ms": round(statistics.median(render_ms), 1),
        "series": sum(not line.startswith("#") for line in text.splitlines()),
        "bytes": len(text.encode()),
        "gzip bytes": len(packed),
        "gzip ms": round((time.process_time() - started) * 1000, 1),
        "private MiB": round(memory, 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
