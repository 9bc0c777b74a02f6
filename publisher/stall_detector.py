"""Whether Kafka confirms what it is given, told from two counts; and one line when it does not."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)

#: Seconds without a confirmation, though some are owed, after which Kafka counts as stalled.
STALLED_S = 2.0
#: And after which that is said.
TELL_S = 10.0


class StallDetector:
    """Kafka's progress with what was handed to it."""

    def __init__(self, now: float, confirmed: int) -> None:
        self._confirmed = confirmed
        self._confirmed_at = now
        self._told = False
        #: Whether confirmations are owed and do not come.
        self.stalled = False

    def update(self, now: float, *, confirmed: int, unconfirmed: int, reachable: bool) -> None:
        """
        Take the counts at the time *now*, in seconds of any steady clock.

        A stall is said once, and so is its end; a Kafka that is not *reachable* is said elsewhere.
        """
        if not unconfirmed or confirmed != self._confirmed:
            self._confirmed, self._confirmed_at = confirmed, now
            if self._told:
                logger.info("Kafka confirms messages again")
            self._told = False
        since_s = now - self._confirmed_at
        self.stalled = since_s > STALLED_S
        if since_s > TELL_S and reachable and not self._told:
            self._told = True
            logger.warning(
                "Kafka can be reached, but has confirmed nothing for %d s; %d messages wait",
                since_s,
                unconfirmed,
            )
