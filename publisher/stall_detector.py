"""Detects from two counts that Kafka confirms nothing, and logs it."""

from __future__ import annotations

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)

#: Seconds without a confirmation, while some are outstanding, after which Kafka counts as stalled.
STALLED_S = 2.0
#: Seconds without a confirmation after which a stall is logged whose cause is not known.
WARN_S = 10.0


class StallDetector:
    """Watches whether Kafka confirms the messages that it was given."""

    def __init__(self, now: float, confirmed: int) -> None:
        self._confirmed = confirmed
        self._confirmed_at = now
        self._warned = False
        #: Whether confirmations are outstanding, and none has arrived for STALLED_S.
        self.stalled = False
        #: What was logged of the stall that lasts, without its figures; empty without one.
        self.problem = ""

    def update(
        self,
        now: float,
        *,
        confirmed: int,
        unconfirmed: int,
        reachable: bool,
        find_cause: Callable[[], str],
    ) -> None:
        """
        Compare the counts at *now*, in seconds of a monotonic clock, with the previous ones.

        Logs each stall and its end once: as soon as *find_cause* returns a cause, else after a
        while. KafkaHealth logs when Kafka is not *reachable*.
        """
        if not unconfirmed or confirmed != self._confirmed:
            self._confirmed, self._confirmed_at = confirmed, now
            if self._warned:
                logger.info("Kafka is confirming messages again")
            self._warned = False
            self.problem = ""
        since_s = now - self._confirmed_at
        self.stalled = since_s > STALLED_S
        if not self.stalled or not reachable or self._warned:
            return
        cause = find_cause()
        if cause or since_s > WARN_S:
            self._warned = True
            self.problem = f"Kafka can be reached, but confirms nothing{_tail(cause)}"
            logger.warning(
                "Kafka can be reached, but has confirmed nothing for %d s; %d messages are "
                "waiting%s",
                since_s,
                unconfirmed,
                _tail(cause),
            )


def _tail(cause: str) -> str:
    return f": {cause}" if cause else ""
