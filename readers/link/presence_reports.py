"""Reports to a publisher that compares readers when this one was in its channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.frames import Presence, encode_frame
from readers.link.received_until import ReceivedUntil

if TYPE_CHECKING:
    from readers.link.remote_publisher import RemotePublisher
    from readers.outbox.outbox import Outbox


class PresenceReports:
    """The presences of the reader of *outbox*."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._received_until = ReceivedUntil()

    def report(
        self, publisher: RemotePublisher, channel_id: str, since_ms: int, until_ms: int
    ) -> None:
        """
        Report a presence from *since_ms* to *until_ms* (Unix), as far as messages are in Kafka.

        What was acknowledged since the last tick counts in the next report.
        """
        acknowledged = self._outbox.acknowledged
        last_seq = acknowledged if self._outbox.is_empty else self._outbox.last_seq
        self._received_until.on_received(last_seq, until_ms)
        safe_until_ms = self._received_until.safe_until_ms(acknowledged)
        if safe_until_ms >= since_ms:
            presence = Presence(self._outbox.reader, channel_id, since_ms, safe_until_ms)
            publisher.send(encode_frame(presence))
