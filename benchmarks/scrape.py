"""
Measures what one answer to Prometheus costs `monitor`: to read the status pages of a thousand
channels, and to write them as text, by our own code and by prometheus_client.

`python -m benchmarks.scrape [--channels N] [--rounds N]`. Each way has a process of its own. Times
are medians of processor time; memory is what the process does not share with others, at the end.
prometheus_client writes the metrics of channels only, and our own text has all of them. The second
table has what a whole monitor uses for one answer, with what it does beside that.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.one_scrape import WAYS
from benchmarks.report import report
from benchmarks.served_scrape import served
from common.status.page import StatusPage
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus, publisher_page
from common.status.reader_status import ReaderState, ReaderStatus, reader_page
from common.unix_time import unix_ms

_WITHIN_S = 300


def write_pages(state_dir: Path, channels: int, pages: ExitStack) -> None:
    """Write the pages of a publisher and of *channels* readers; *pages* closes them."""
    numbers = random.Random(1)
    for number in range(channels):
        name = f"channel_{number}"
        received = numbers.randrange(10_000_000)
        status = ReaderStatus(
            channel=name,
            pid=os.getpid(),
            state=ReaderState.IN_CHANNEL,
            connects=numbers.randrange(1, 50),
            last_message_ms=unix_ms() - numbers.randrange(1_000_000),
            received=received,
            acknowledged=received,
            outbox_limit_bytes=1 << 30,
            gaps_by_reason={"disconnected": (3, numbers.randrange(100_000))},
        )
        page = StatusPage(reader_page(state_dir, name), ReaderStatus)
        page.write(status)
        pages.enter_context(closing(page))
    publisher = StatusPage(publisher_page(state_dir), PublisherStatus, PUBLISHER_PAGE_BYTES)
    publisher.write(PublisherStatus(pid=os.getpid(), published={"twitch-chat": 1}))
    pages.enter_context(closing(publisher))


def compare(channels: int, rounds: int) -> list[dict[str, object]]:
    """Return one row for each of WAYS."""
    with tempfile.TemporaryDirectory(prefix="b-") as folder, ExitStack() as pages:
        write_pages(Path(folder), channels, pages)
        return [_measured(way, folder, rounds) for way in WAYS]


def compare_served(channels: int, rounds: int) -> list[dict[str, object]]:
    """Return one row for each content encoding of the answer of a monitor."""
    with tempfile.TemporaryDirectory(prefix="b-") as folder, ExitStack() as pages:
        write_pages(Path(folder), channels, pages)
        return [served(Path(folder), rounds, encoding) for encoding in ("identity", "gzip")]


def _measured(way: str, state_dir: str, rounds: int) -> dict[str, object]:
    command = [sys.executable, "-m", "benchmarks.one_scrape", way, state_dir, str(rounds)]
    output = subprocess.run(command, stdout=subprocess.PIPE, timeout=_WITHIN_S, check=True).stdout
    figures: dict[str, object] = json.loads(output)
    return figures


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    report("scrape", compare(options.channels, options.rounds))
    report("served scrape", compare_served(options.channels, options.rounds))


if __name__ == "__main__":
    main()
