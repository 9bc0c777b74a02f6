"""Memory, processor time and file descriptors of processes (Linux, proc(5))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024


@dataclass(frozen=True)
class Usage:
    """The total resources of some processes."""

    processes: int
    #: Memory, with shared pages divided among the processes (proportional set size).
    pss_mib: float
    #: Memory that is not shared with other processes.
    private_mib: float
    #: Processor time since their start, in seconds.
    processor_s: float
    descriptors: int
    #: How often their threads have slept since their start.
    sleeps: int


def usage(pids: Iterable[int]) -> Usage:
    """Return the usage of the processes *pids*. Raises FileNotFoundError if one has ended."""
    pids = list(pids)
    memory = [_memory_kib(pid) for pid in pids]
    return Usage(
        processes=len(pids),
        pss_mib=sum(kib["Pss"] for kib in memory) / _MIB,
        private_mib=sum(map(_private_kib, memory)) / _MIB,
        processor_s=sum(map(processor_s, pids)),
        descriptors=sum(1 for pid in pids for _ in Path(f"/proc/{pid}/fd").iterdir()),
        sleeps=sum(map(sleeps, pids)),
    )


def private_mib(pid: int) -> float:
    """Return the private memory of process *pid* in MiB."""
    return _private_kib(_memory_kib(pid)) / _MIB


def peak_mib(pid: int) -> float:
    """Return the peak memory of process *pid*, shared or not, in MiB (VmHWM, proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / _MIB


def processor_s(pid: int) -> float:
    """Return the processor time of the threads of process *pid*, in seconds."""
    # schedstat counts nanoseconds. stat counts ticks of 10 ms, and an idle reader takes many
    # seconds to use one. https://docs.kernel.org/scheduler/sched-stats.html
    threads = [(task / "schedstat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int(thread.split()[0]) for thread in threads) / 1e9


def sleeps(pid: int) -> int:
    """Return how often the threads of process *pid* have slept since their start."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    texts = [(task / "status").read_text() for task in tasks]
    return sum(
        int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)$", text, re.M)[0]) for text in texts
    )


def available_mib() -> float:
    """Return the memory that is available to new processes without swapping, in MiB."""
    return _kib(Path("/proc/meminfo").read_text())["MemAvailable"] / _MIB


def _memory_kib(pid: int) -> dict[str, int]:
    return _kib(Path(f"/proc/{pid}/smaps_rollup").read_text())


def _private_kib(kib: Mapping[str, int]) -> int:
    return kib["Private_Clean"] + kib["Private_Dirty"]


def _kib(text: str) -> dict[str, int]:
    return {name: int(kib) for name, kib in re.findall(r"^(\w+): +(\d+) kB$", text, re.MULTILINE)}
