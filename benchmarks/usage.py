"""What processes take: memory, processor time and file descriptors (Linux, proc(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024


@dataclass(frozen=True)
class Usage:
    """What some processes take together."""

    processes: int
    #: Memory, with what several processes share counted in parts (proportional set size).
    pss_mib: float
    #: Memory that each shares with nobody.
    private_mib: float
    #: Processor time since they were started, in seconds.
    processor_s: float
    descriptors: int


def usage(pids: Iterable[int]) -> Usage:
    """Return what the processes *pids* take. Raises FileNotFoundError when one is gone."""
    processes = [Path(f"/proc/{pid}") for pid in pids]
    memory = [_memory_kib(process) for process in processes]
    return Usage(
        processes=len(processes),
        pss_mib=sum(kib["Pss"] for kib in memory) / _MIB,
        private_mib=sum(kib["Private_Clean"] + kib["Private_Dirty"] for kib in memory) / _MIB,
        processor_s=sum(_processor_s(process) for process in processes),
        descriptors=sum(1 for process in processes for _ in (process / "fd").iterdir()),
    )


def available_mib() -> float:
    """Return the memory that new processes can have without swapping."""
    return _kib(Path("/proc/meminfo").read_text())["MemAvailable"] / _MIB


def _memory_kib(process: Path) -> dict[str, int]:
    return _kib((process / "smaps_rollup").read_text())


def _kib(text: str) -> dict[str, int]:
    return {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}


def _processor_s(process: Path) -> float:
    # In nanoseconds; `stat` counts ticks of 10 ms, of which an idle reader needs many seconds for
    # one. https://docs.kernel.org/scheduler/sched-stats.html
    threads = [(task / "schedstat").read_text() for task in (process / "task").iterdir()]
    return sum(int(thread.split()[0]) for thread in threads) / 1e9
