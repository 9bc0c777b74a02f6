"""
What a second of the live page costs a browser: `scripts/bench live_page`.

A real monitor shows a made-up host whose channels change each second, in Chromium. The times are
processor time of the page's thread, so other work on the machine hardly changes them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.monitor.web.live_page import LivePage, chromium, made_up_page
from tests.processes import started_processes

_KINDS = {
    "scripts": "ScriptDuration",
    "style": "RecalcStyleDuration",
    "layout": "LayoutDuration",
    "all": "TaskDuration",
}


def main() -> None:
    """Print the times for each order of the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=15)
    arguments = parser.parse_args()
    with (
        chromium() as page,
        tempfile.TemporaryDirectory() as name,
        started_processes(Path(name)) as start,
    ):
        page.open(made_up_page(start, arguments.channels))
        for column in ("state", "messages_per_s"):
            _measure(page, column, arguments.seconds)


def _measure(page: LivePage, column: str, seconds: int) -> None:
    if column != "state":
        page.browser.click_at(f'th[data-sort="{column}"] button')
    time.sleep(2)
    before = page.browser.costs()
    time.sleep(seconds)
    after = page.browser.costs()
    costs = {kind: (after[name] - before[name]) * 1000 / seconds for kind, name in _KINDS.items()}
    shown = ", ".join(f"{kind} {ms:.1f} ms" for kind, ms in costs.items())
    print(f"sorted by {column}, per second: {shown}")


if __name__ == "__main__":
    main()
