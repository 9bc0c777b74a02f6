"""How often the host is looked at for those who ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

from monitor.collection.collector import Collector
from monitor.collection.host import Host
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Snapshot
from monitor.web.observation import Observation


class _Counted(Observer):
    collected = seen = 0

    def collect(self) -> Host:
        """Count it."""
        self.collected += 1
        return super().collect()

    def see(self, host: Host) -> Snapshot:
        """Count it."""
        self.seen += 1
        return super().see(host)


def test_facts_are_collected_once_for_all_and_no_snapshot_is_made_of_them(tmp_path: Path) -> None:
    """Metrics and health need none."""
    observer = _Counted(Collector(tmp_path, tmp_path))

    async def ask() -> None:
        observation = Observation(observer)
        hosts = await asyncio.gather(*(observation.host() for _ in range(9)))
        assert len({id(host) for host in hosts}) == observer.collected
        assert observer.seen == 0
        snapshot = await observation.snapshot()
        assert (snapshot.channels, observer.seen) == ([], 1)
        observation.close()

    asyncio.run(ask())
