"""
The policy for a record that Kafka refuses for good: what to send instead, attempt by attempt.

1. Kafka refuses a whole request for one bad record. So a record that was refused together with
   others is sent again, alone; most are accepted then.
2. A record that is refused alone is replaced by its dead letter.
3. A dead letter that is too large is replaced by one without key and value.

An error of any other kind is not handled here: it ends the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from confluent_kafka import KafkaError

from publisher.delivery.dead_letters import FINAL, TOO_LARGE, dead_letter
from publisher.delivery.handover import Handover, Headers


class Attempt(NamedTuple):
    """What to produce next in place of a refused record."""

    topic: str
    value: bytes
    key: bytes | None
    headers: Headers
    #: Unix milliseconds; 0 lets Kafka's client set the current time.
    timestamp: int


class RefusedRecord:
    """The record at *index* of a batch, after it was refused together with others."""

    __slots__ = ("_handover", "_is_bare", "index", "reason")

    def __init__(self, handover: Handover, index: int) -> None:
        self._handover = handover
        self.index = index
        #: Why it was refused alone, so that its dead letter is sent in its place; None as long as
        #: it was not.
        self.reason: KafkaError | None = None
        #: Whether its dead letter must have neither key nor value.
        self._is_bare = False

    def refuse(self, error: KafkaError, log: Callable[[KafkaError], None]) -> bool:
        """
        Note that the last attempt, sent alone, was refused with *error*.

        Returns whether there is another attempt to make. *log* is called when that is the dead
        letter.
        """
        if error.code() not in FINAL:
            return False
        if self.reason is None:
            self.reason = error
            log(error)
            return True
        if self._is_bare or error.code() not in TOO_LARGE:
            return False
        self._is_bare = True
        return True

    def next_attempt(self, dead_letter_topic: str) -> Attempt:
        """Return what to produce next, to the record's topic or to *dead_letter_topic*."""
        handover, index = self._handover, self.index
        if self.reason is None:
            record = handover.records[index]
            return Attempt(
                handover.topic, record.value, record.key, handover.headers(index), record.timestamp
            )
        letter = dead_letter(handover, index, self.reason, bare=self._is_bare)
        return Attempt(dead_letter_topic, *letter, timestamp=0)
