"""
Gives up events in the outbox that the publisher does not take: they are switched off there, or it
is of an earlier release, which would refuse their batches, and with them all that comes later.

Only events that were stored before the publisher was known get here; later ones are not stored.
"""

from __future__ import annotations

import logging

from common.frames import Kind, decode_batch
from common.logs import BoundedLog
from readers.outbox.database import StoredBatch
from readers.outbox.outbox import Outbox

logger = logging.getLogger(__name__)


def is_of_events(batch: StoredBatch) -> bool:
    """Return whether the records of *batch* are events."""
    return decode_batch(batch.body).kind is Kind.EVENT


class UnwantedEvents:
    """The events in *outbox* that are not sent."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        #: How many events were given up.
        self.given_up = 0
        self._log = BoundedLog(logger.warning, interval_s=60.0)

    def give_up(self, batch: StoredBatch) -> None:
        """Let *batch*, the oldest in the outbox, count as acknowledged."""
        events = batch.last_seq - batch.first_seq + 1
        self.given_up += events
        self._outbox.give_up(batch.last_seq)
        self._log(
            "giving up %d events that wait in the outbox: the publisher does not take events",
            events,
        )
