"""Memory, processor time and descriptors of a contestant over a span of time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.supervised import PROGRAMS
from benchmarks.usage import Usage, processor_s, usage

_Pids = Mapping[str, Sequence[int]]


class Resources:
    """Measures from its creation on."""

    def __init__(self, pids: _Pids, beside: _Pids, channels: int) -> None:
        """*pids* are those of PROGRAMS, *beside* are those of other processes."""
        self._pids = pids
        self._beside = beside
        self._channels = channels
        self._started = time.monotonic()
        self._before = self._usage()
        self._beside_before_s = self._beside_s()

    def figures(self) -> dict[str, object]:
        """Return the present memory and descriptors, and the processor time so far."""
        beside_s = self._beside_s()
        seconds = time.monotonic() - self._started
        now = self._usage()
        readers = now["readers"]
        processor_percent = {
            name: 100 * (after.processor_s - self._before[name].processor_s) / seconds
            for name, after in now.items()
        }
        sleeps = readers.sleeps - self._before["readers"].sleeps
        return {
            "all PSS MiB": _sum(use.pss_mib for use in now.values()),
            "PSS MiB": round(readers.pss_mib, 1),
            "PSS MiB a channel": round(readers.pss_mib / self._channels, 2),
            "private MiB a channel": round(readers.private_mib / self._channels, 2),
            **{
                f"{name} MiB": round(now[name].private_mib, 1) if name in now else "-"
                for name in PROGRAMS
                if name != "readers"
            },
            "all CPU %": _sum(processor_percent.values()),
            **{
                f"{name} CPU %": round(processor_percent[name], 2) if name in now else "-"
                for name in PROGRAMS
            },
            **{
                f"{name} CPU %": round(100 * (after_s - self._beside_before_s[name]) / seconds, 1)
                for name, after_s in beside_s.items()
            },
            "wake-ups/s a channel": round(sleeps / seconds / self._channels, 2),
            **{
                f"{name} descriptors": now[name].descriptors if name in now else "-"
                for name in PROGRAMS
            },
        }

    def used_s(self) -> float:
        """Return the processor time of all processes so far, in seconds."""
        now_s = sum(processor_s(pid) for pids in self._pids.values() for pid in pids)
        return now_s - sum(use.processor_s for use in self._before.values())

    def _usage(self) -> dict[str, Usage]:
        return {name: usage(pids) for name, pids in self._pids.items()}

    def _beside_s(self) -> dict[str, float]:
        return {name: sum(map(processor_s, pids)) for name, pids in self._beside.items()}


def _sum(values: Iterable[float]) -> float:
    return round(sum(values), 1)
