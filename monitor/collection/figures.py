"""What is remembered of a host from one moment to the next."""

from __future__ import annotations

from monitor.collection.delays import Delays
from monitor.collection.history import HourOfHistory
from monitor.collection.host import Host
from monitor.collection.last_hour import LastHour
from monitor.collection.rates import Rates
from monitor.collection.since import Since


class Figures:
    """How counters grow, and since when things are so."""

    def __init__(self) -> None:
        self.rates = Rates()
        self.delays = Delays()
        self.last_hour = LastHour()
        self.history = HourOfHistory()
        self.since = Since()

    def add(self, host: Host) -> None:
        """Take what is known of *host* now."""
        self.rates.add(host)
        self.delays.add(host)
        self.last_hour.add(host)
        self.history.add(host)
        self.since.begin(host.at_ms)
