"""
Logs that a publisher is silent, and why if its name does not resolve: ZeroMQ tries such a name
again and again without a word.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from threading import Thread

logger = logging.getLogger(__name__)


def log_silence(endpoints: Sequence[str]) -> None:
    """Log once that nothing comes from the publisher at *endpoints*; that for batches is first."""
    names = dict.fromkeys(filter(None, map(_name, endpoints)))
    if names:
        # DNS may take long. A daemon, so that the reader can end meanwhile.
        Thread(target=_look_up_and_log, args=(endpoints[0], list(names)), daemon=True).start()
    else:
        _log(endpoints[0], "it is down, or it cannot reach Kafka")


def _name(endpoint: str) -> str:
    """Return the host name in *endpoint*; empty if it has an address or a path."""
    if not endpoint.startswith("tcp://"):
        return ""
    host = endpoint.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return host
    return ""


def _look_up_and_log(endpoint: str, names: Sequence[str]) -> None:
    for name in names:
        try:
            socket.getaddrinfo(name, None)
        except (OSError, UnicodeError) as error:  # UnicodeError: this can be no host name
            _log(endpoint, f"cannot resolve {name}: {getattr(error, 'strerror', None) or error}")
            return
    _log(endpoint, "it is down, or it cannot reach Kafka")


def _log(endpoint: str, reason: str) -> None:
    logger.warning(
        "no announcement from the publisher at %s: %s. Keeping messages in the outbox",
        endpoint,
        reason,
    )
