"""
Memory of an idle reader and of the publisher: what each shares with nobody.

`python -m benchmarks.memory`
"""

from __future__ import annotations

from benchmarks.installation import installation
from benchmarks.report import report
from benchmarks.usage import private_mib


def main() -> None:
    """Measure, and print."""
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
