"""
Private memory (not shared with other processes) of an idle reader and of the publisher.

`python -m benchmarks.memory`
"""

from __future__ import annotations

from benchmarks.installation import installation
from benchmarks.report import report
from benchmarks.usage import private_mib


def main() -> None:
    """Measure and print the figures."""
    with installation("real") as running:
        report(
            "memory",
            [
                {
                    "reader MiB": round(private_mib(running.reader.pid), 1),
                    "publisher MiB": round(private_mib(running.publisher.pid), 1),
                }
            ],
        )


if __name__ == "__main__":
    main()
