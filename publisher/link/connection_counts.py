"""Counts and logs the connections that were refused, and those that have ended."""

from __future__ import annotations

import logging
from collections import Counter

import zmq

from common.frames import MAX_FRAME_BYTES
from common.logs import BoundedLog

logger = logging.getLogger(__name__)

#: Reasons for refusing a connection, as counted, and their explanations in the log.
UNKNOWN_KEY = "unknown key"
_NOT_ENCRYPTED = "one side encrypts, the other not"
_WRONG_KEY = "wrong publisher key"
_NO_READER = "no reader"
_EXPLANATIONS = {
    UNKNOWN_KEY: "its key is not authorised; if it is one of your hosts, run `%s`",
    _NOT_ENCRYPTED: "a reader needs PUBLISHER_PUBLIC_KEY if its publisher has keys, and must not"
    " have it otherwise",
    _WRONG_KEY: "its PUBLISHER_PUBLIC_KEY is not the key of this publisher",
    _NO_READER: "it does not speak the readers' protocol, or it disconnected during the handshake,"
    " as a reader without keys may do",
}
#: All reasons.
REFUSAL_REASONS = tuple(_EXPLANATIONS)

_REASONS: dict[int, str] = {
    zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: _NOT_ENCRYPTED,
    zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: _WRONG_KEY,
}


class ConnectionCounts:
    """What has become of connections. One thread changes the counts, any may read them."""

    def __init__(self) -> None:
        #: Connections that have ended, including refused ones.
        self.ended = 0
        #: Refused connections, by reason. It has all reasons from the beginning, so that another
        #: thread can iterate over it at any time.
        self.refused: Counter[str] = Counter(dict.fromkeys(_EXPLANATIONS, 0))
        self._log_ended = BoundedLog(logger.info)
        # One log per reason, so that a frequent reason does not suppress the others. A port probe
        # is no reason for a warning.
        self._log_refused = {
            reason: BoundedLog(logger.info if reason == _NO_READER else logger.warning)
            for reason in _EXPLANATIONS
        }

    def on_ended_alone(self) -> None:
        """Log that a connection for batches has ended, and not because its reader stopped."""
        self._log_ended(
            "a connection for batches has ended, and its reader did not stop: it sent a frame of"
            " more than %d MiB, or switched to another publisher, or the network failed, or the"
            " peer is no reader",
            MAX_FRAME_BYTES >> 20,
        )

    def on_failed(self, error: int, where: bytes) -> None:
        """Count a connection at the address *where*; its handshake failed with ZeroMQ's *error*."""
        self.on_refused(_REASONS.get(error, _NO_READER), where)

    def on_refused(self, reason: str, where: bytes, *details: str) -> None:
        """Count a connection at the address *where*; *details* are those of the explanation."""
        self.refused[reason] += 1
        self._log_refused[reason](
            f"refused a connection, {reason} (%s): {_EXPLANATIONS[reason]}",
            where.decode("ascii", "replace"),
            *details,
        )
