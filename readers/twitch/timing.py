"""Time limits and delays of a reader, in seconds."""

from __future__ import annotations

from typing import NamedTuple


class Timing(NamedTuple):
    """Time limits and delays of a reader. The defaults are for Twitch; tests use shorter ones."""

    #: From connecting to being logged in.
    login_within_s: float = 20.0
    #: Parts of that: an answer from DNS, where an older one is known; until an address accepts the
    #: TCP connection; the TLS handshake.
    resolve_within_s: float = 3.0
    accept_within_s: float = 10.0
    handshake_within_s: float = 5.0
    #: From JOIN to ROOMSTATE.
    join_within_s: float = 10.0
    #: Silence after which we send a PING, and how long we wait to receive anything after it.
    ping_after_s: float = 15.0
    pong_within_s: float = 5.0
    #: Time in the channel after which a connection counts as stable: the first attempt to replace
    #: it comes after a random part of `reconnect_soon_s`, and the delays below are reset.
    settled_after_s: float = 30.0
    reconnect_soon_s: float = 0.25
    #: How long a connection that is to be replaced stays after its successor has joined.
    overlap_s: float = 5.0
    #: Delays between other attempts to connect and log in, with jitter.
    reconnect_first_s: float = 1.0
    reconnect_last_s: float = 60.0
    #: Delays between attempts to join a channel that refuses us.
    rejoin_first_s: float = 10.0
    rejoin_last_s: float = 3600.0
