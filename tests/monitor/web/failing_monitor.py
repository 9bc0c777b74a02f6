"""`python -m tests.monitor.web.failing_monitor`: a monitor whose first look at its host fails."""

from __future__ import annotations

from common.startup import start
from monitor.collection.collector import Collector
from monitor.collection.host import Host
from monitor.collection.observer import Observer
from monitor.web.server import serve


class _FailsAtFirst(Observer):
    has_failed = False

    def collect(self) -> Host:
        """Raise an error that nobody expects, once."""
        if not self.has_failed:
            self.has_failed = True
            raise ZeroDivisionError("made by a test")
        return super().collect()


def main() -> None:
    """Serve until SIGTERM."""
    settings = start("monitor")
    serve(settings, _FailsAtFirst(Collector(settings.state_dir)))


if __name__ == "__main__":
    main()
