"""
What the processes of this host use: memory and processor time, from /proc (proc(5)).

Processor time is counted from the start of this monitor: what it was before, of processes that have
ended since, is not known, so the sum would be a little less than the last monitor's. To Prometheus
that is a counter that has begun again, all of which is new.

Memory is what belongs to a process (PSS): of memory that several share, each has its share. Readers
share most of theirs, so the sum of what top calls RES would count it once for each of them. The
kernel adds it up at each read, so only some processes are read at a time, in turn.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from common.program_names import READER_PREFIX
from monitor.collection.host import Program, Usage

#: At most how many processes' memory is read at a time: 0.1 to 0.3 ms each.
_READ_AT_ONCE = 50

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass
class _Process:
    #: Clock ticks from the start of the system to its own. A later process with its id has another.
    started: int
    processor_s: float
    resident_bytes: int = 0


class ProcessUsage:
    """Adds up what the processes of each group use."""

    def __init__(self) -> None:
        self._processes: dict[int, _Process] = {}
        #: Of processes that have ended, too: the sum must never fall.
        self._processor_s: defaultdict[str, float] = defaultdict(float)
        self._in_turn: Iterator[int] = iter(())
        own = _processor_time(os.getpid())
        self._began = own[0] if own else 0

    def measure(self, programs: Mapping[str, Program]) -> dict[str, Usage]:
        """Return what the groups of *programs* use, and this process: see `Host.usage`."""
        groups = {os.getpid(): "monitor"}
        for name, program in programs.items():
            if program.pid and (group := _group(name)):
                groups[program.pid] = group
        for pid, group in groups.items():
            self._add_processor_time(pid, group)
        for pid in self._processes.keys() - groups.keys():
            del self._processes[pid]
        self._read_memory()
        return self._sums(groups)

    def _add_processor_time(self, pid: int, group: str) -> None:
        found = _processor_time(pid)
        if found is None:
            self._processes.pop(pid, None)
            return
        started, processor_s = found
        process = self._processes.get(pid)
        if process is None or process.started != started:
            # Not what was used before this process began.
            uncounted_s = processor_s if started < self._began else 0.0
            process = self._processes[pid] = _Process(started, uncounted_s)
        self._processor_s[group] += max(0.0, processor_s - process.processor_s)
        process.processor_s = processor_s

    def _read_memory(self) -> None:
        fresh = [pid for pid, process in self._processes.items() if not process.resident_bytes]
        for pid in (*fresh[:_READ_AT_ONCE], *self._next(_READ_AT_ONCE - len(fresh))):
            if process := self._processes.get(pid):
                process.resident_bytes = _memory(pid) or process.resident_bytes

    def _next(self, count: int) -> Iterable[int]:
        if count <= 0:
            return ()
        pids = list(islice(self._in_turn, count))
        if not pids:
            self._in_turn = iter(list(self._processes))
            pids = list(islice(self._in_turn, count))
        return pids

    def _sums(self, groups: Mapping[int, str]) -> dict[str, Usage]:
        memory: Counter[str] = Counter()
        for pid, process in self._processes.items():
            memory[groups[pid]] += process.resident_bytes
        return {group: Usage(memory[group], self._processor_s[group]) for group in memory}


def _group(program: str) -> str | None:
    if program.startswith(READER_PREFIX):
        return "readers"
    return program if program in ("publisher", "auth", "monitor") else None


def _processor_time(pid: int) -> tuple[int, float] | None:
    """Return when the process *pid* started, in ticks, and its processor time in seconds."""
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name may hold anything, so the fields are counted from the last bracket.
    fields = line.rpartition(b")")[2].split()
    return int(fields[19]), (int(fields[11]) + int(fields[12])) * _TICK_S


def _memory(pid: int) -> int:
    """Return the memory of the process *pid* in bytes, 0 if that cannot be known."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0
