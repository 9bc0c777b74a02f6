"""
The publisher's ends of the link: a PULL socket for batches, a PUB socket for what it answers. That
is an XPUB in fact: it tells who subscribes, and so which readers have just connected.

ZeroMQ frames, fans out and takes back whoever reconnects. A frame of more than MAX_FRAME_BYTES
makes it close the peer's connection as soon as it has read the length. Its monitor tells that a
connection has ended, but not why: that looks like a reader that has stopped, and like somebody who
does not speak ZeroMQ.

With keys, only readers' hosts whose key is authorised connect. ZeroMQ asks once a connection: to
put one out, all connections are cut, and those that may come back do so within moments.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType

import zmq

from common.curve import PublisherKeys, secure_server
from common.frames import (
    ANNOUNCEMENT_TOPIC,
    MAX_FRAME_BYTES,
    Acknowledgement,
    Announcement,
    acknowledgement_topic,
    encode_frame,
)
from common.key_files import AUTHORIZED, authorized_keys
from common.logs import BoundedLog
from common.sockets import keep_alive
from publisher.link.listeners import Listeners
from publisher.link.zap_authenticator import ZapAuthenticator

logger = logging.getLogger(__name__)

#: Messages of one reader that wait here. Small batches need that many to keep us busy (4 halve the
#: speed, 64 add a third); but what is taken off the network before Kafka can take it lies in memory
#: and not in an outbox, and a thousand readers may do so.
_HIGH_WATER_MARK = 16

#: Milliseconds in which the last acknowledgements may leave.
_LINGER_MS = 1000

#: Seconds within which an address that we have just left is free again.
_FREE_WITHIN_S = 5.0
_POLL_S = 0.01

_IPV4 = re.compile(r"tcp://[\d.]+:")


class BindError(Exception):
    """Raised when an address cannot be listened on; the text names the setting."""


class LinkSockets:
    """Both sockets, bound. Closed on leaving the context, after what was told has left."""

    def __init__(
        self, batches_endpoint: str, acknowledgements_endpoint: str, keys: PublisherKeys | None
    ) -> None:
        """Raises BindError."""
        self._keys = keys
        self._log_key_file = BoundedLog(logger.error, interval_s=60.0)
        self._context = zmq.Context()
        self._authenticator = ZapAuthenticator(self._context)
        self.batches = self._socket(zmq.PULL, MAX_FRAME_BYTES)
        self.batches.setsockopt(zmq.RCVHWM, _HIGH_WATER_MARK)
        # Nobody sends us anything here but subscriptions.
        self.acknowledgements = self._socket(zmq.XPUB, max_frame_bytes=1024)
        # A reader that connects again subscribes again, perhaps before its old connection is gone.
        self.acknowledgements.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._listeners = Listeners()
        self._authenticator.watch(self.batches, count_ends=True)
        self._authenticator.watch(self.acknowledgements)
        self._authenticator.start()
        self.reload_keys()
        if keys is not None and not self._authenticator.authorized:
            logger.warning("nobody is admitted yet: no key is in %s", keys.folder / AUTHORIZED)
        try:
            #: Where they really listen: a port of 0 lets the system choose.
            self.batches_endpoint = _bind(self.batches, batches_endpoint, "PUBLISHER_BIND")
            self.acknowledgements_endpoint = _bind(
                self.acknowledgements, acknowledgements_endpoint, "PUBLISHER_ACK_BIND"
            )
        except BindError:
            self.close()
            raise

    def __enter__(self) -> LinkSockets:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def receive(self) -> list[bytes] | None:
        """Return the next message's frames, None when there is none."""
        try:
            return self.batches.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def announce(self, announcement: Announcement) -> None:
        """Tell all readers that listen whose batches are taken, and whether copies may be sent."""
        self._announce_to([ANNOUNCEMENT_TOPIC], announcement)

    def announce_to_all(self, announcement: Announcement) -> None:
        """Tell each reader that has connected, one by one, whether it listens to all or not."""
        self._take_subscriptions()
        self._announce_to(self._listeners.topics, announcement)

    def announce_to_new(self, announcement: Announcement) -> None:
        """Tell the readers that have connected since this was called last."""
        self._announce_to(self._take_subscriptions(), announcement)

    def acknowledge(self, session: int, acknowledgements: dict[str, int]) -> None:
        """Tell each reader up to which seq Kafka has everything."""
        for reader, seq in acknowledgements.items():
            frame = encode_frame(Acknowledgement(session, seq))
            self.acknowledgements.send_multipart([acknowledgement_topic(reader), frame])

    @property
    def connections_ended(self) -> int:
        """How many connections have ended up to now."""
        return self._authenticator.ended

    @property
    def connections_refused(self) -> Counter[str]:
        """How many connections were refused up to now, by reason."""
        return self._authenticator.refused

    def reload_keys(self) -> None:
        """
        Admit whose key is authorised by now, and put out whose key no longer is.

        Raises BindError when the addresses cannot be listened on again.
        """
        if self._keys is None:
            return
        before = self._authenticator.authorized
        authorized, problems = authorized_keys(self._keys.folder)
        for problem in problems:
            self._log_key_file("an authorised key does not count: %s", problem)
        # From here on nobody else gets in: only then are connections cut.
        self._authenticator.authorized = authorized
        for key in authorized.keys() - before.keys():
            logger.info("readers of %s are admitted: key %s", authorized[key], key)
        revoked = before.keys() - authorized.keys()
        for key in revoked:
            logger.warning("readers of %s are no longer admitted: key %s", before[key], key)
        if revoked:
            self._cut_connections()

    def close(self) -> None:
        """Close the sockets; what was told has 1 s to leave."""
        for socket in (self.batches, self.acknowledgements):
            socket.disable_monitor()
        self.batches.close(linger=0)
        self.acknowledgements.close(linger=_LINGER_MS)
        self._context.term()
        self._authenticator.join()

    def _take_subscriptions(self) -> list[bytes]:
        """Return the topics under which readers that have just connected want an announcement."""
        new = []
        while int(self.acknowledgements.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            topic = self._listeners.on_message(self.acknowledgements.recv_multipart())
            if topic is not None:
                new.append(topic)
        return new

    def _announce_to(self, topics: Iterable[bytes], announcement: Announcement) -> None:
        frame = encode_frame(announcement)
        for topic in topics:
            self.acknowledgements.send_multipart([topic, frame])

    def _socket(self, kind: int, max_frame_bytes: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.MAXMSGSIZE, max_frame_bytes)
        # A connection that is cut is to end at once, whatever still waits to be told.
        socket.setsockopt(zmq.LINGER, 0)
        keep_alive(socket)
        if self._keys is not None:
            secure_server(socket, self._keys.pair)
        return socket

    def _cut_connections(self) -> None:
        """
        Cut all connections; readers connect again by themselves.

        What is lost with them, their link sends again.
        """
        self.batches.unbind(self.batches_endpoint)
        self.acknowledgements.unbind(self.acknowledgements_endpoint)
        _bind_again(self.batches, self.batches_endpoint, "PUBLISHER_BIND")
        _bind_again(self.acknowledgements, self.acknowledgements_endpoint, "PUBLISHER_ACK_BIND")
        # A connection lasts until all that came over it was taken.
        while self.receive() is not None:
            pass


def _bind(socket: zmq.Socket[bytes], endpoint: str, setting: str) -> str:
    """Bind *socket*, and return where it listens."""
    # ZeroMQ takes IPv4 only, unless told; and then shows an IPv4 address as one of IPv6.
    socket.setsockopt(zmq.IPV6, not _IPV4.match(endpoint))
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            reason = "that address is in use; does another publisher run?"
        else:
            reason = f"that cannot be listened on: {zmq.strerror(error.errno or 0)}"
        raise BindError(f"{setting} holds {endpoint}, but {reason}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def _bind_again(socket: zmq.Socket[bytes], endpoint: str, setting: str) -> None:
    """Bind *socket* to where it was bound just now."""
    deadline = time.monotonic() + _FREE_WITHIN_S
    while True:
        try:
            _bind(socket, endpoint, setting)
        except BindError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return
