"""
The publisher's ends of the link: a PULL socket for batches, and an XPUB socket for acknowledgements
and announcements. XPUB reports subscriptions, and so which readers have just connected.

ZeroMQ does the framing, the fan-out and the reconnecting. It closes the connection of a peer as
soon as the peer sends the length of a frame of more than MAX_FRAME_BYTES. It does not bound the
number of frames of a message: see unfinished.py. Its monitor reports that a connection has ended,
but not why: a reader that has stopped and a peer that does not speak ZeroMQ look the same.

With keys, only readers' hosts with an authorised key can connect. ZeroMQ checks a key once per
connection. So when a key is revoked, all connections are cut; the other readers reconnect within
moments.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType

import zmq

from common.command_line import command
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
from publisher.link.acknowledgement_schedule import DueAcknowledgement
from publisher.link.connection_watcher import ConnectionWatcher
from publisher.link.ipc_lock import OccupiedError, lock_ipc
from publisher.link.listeners import Listeners

logger = logging.getLogger(__name__)

#: Messages that are queued for each reader. With small batches, a shorter queue is slower (4 halve
#: the speed, 64 add a third). But queued messages are in memory and not in an outbox, and there may
#: be a thousand readers.
_HIGH_WATER_MARK = 16

#: Of the connection of a peer that speaks ZMTP 2.0 or older, which is no reader.
_NO_DESCRIPTOR = -1

#: Milliseconds on closing to send the last acknowledgements.
_LINGER_MS = 1000

#: Seconds to wait until an address that we have just unbound is free again.
_FREE_WITHIN_S = 5.0
_POLL_S = 0.01

_IPV4 = re.compile(r"tcp://[\d.]+:")


class BindError(Exception):
    """Raised when an address cannot be bound; the text names the setting."""


class LinkSockets:
    """Both sockets, bound. Leaving the context sends what is queued, for up to 1 s, and closes."""

    def __init__(
        self, batches_endpoint: str, acknowledgements_endpoint: str, keys: PublisherKeys | None
    ) -> None:
        """Raises BindError."""
        self._keys = keys
        self._log_key_file = BoundedLog(logger.error, interval_s=60.0)
        self._context = zmq.Context()
        self._connections = ConnectionWatcher(self._context)
        self.batches = self._socket(zmq.PULL, MAX_FRAME_BYTES)
        self.batches.setsockopt(zmq.RCVHWM, _HIGH_WATER_MARK)
        # This socket receives only subscriptions.
        self.acknowledgements = self._socket(zmq.XPUB, max_frame_bytes=1024)
        # A reader that reconnects subscribes again, perhaps before its old connection has ended.
        self.acknowledgements.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._listeners = Listeners()
        self._connections.watch(self.batches, for_batches=True)
        self._connections.watch(self.acknowledgements)
        self._connections.start()
        self.reload_keys()
        if keys is not None and not self._connections.authenticator.authorized:
            logger.warning(
                "no reader can connect: no authorised key in %s; add one with `%s KEY`",
                keys.folder / AUTHORIZED,
                command("keys", "authorize"),
            )
        self._locks = ExitStack()
        try:
            _lock(batches_endpoint, "PUBLISHER_BIND", self._locks)
            _lock(acknowledgements_endpoint, "PUBLISHER_ACK_BIND", self._locks)
            #: The addresses in use: with port 0 the system chooses one.
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
        """Return the frames of the next message, or None if there is none."""
        try:
            first = self.batches.recv(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        try:
            descriptor = int(first.get(zmq.SRCFD))
        except zmq.ZMQError:
            descriptor = _NO_DESCRIPTOR
        self._connections.taken.add(descriptor)
        return [first.bytes, *self.batches.recv_multipart()] if first.more else [first.bytes]

    def announce(self, announcement: Announcement) -> None:
        """Send *announcement* to the readers that subscribe to the general topic."""
        self._announce_to([ANNOUNCEMENT_TOPIC], announcement)

    def announce_to_all(self, announcement: Announcement) -> None:
        """Send *announcement* to each connected reader under the topic of its own."""
        self._take_subscriptions()
        self._announce_to(self._listeners.topics, announcement)

    def announce_to_new(self, announcement: Announcement) -> None:
        """Send *announcement* to the readers that have connected since the last call."""
        self._announce_to(self._take_subscriptions(), announcement)

    def acknowledge(self, session: int, acknowledgements: Mapping[str, DueAcknowledgement]) -> None:
        """Send each reader the position up to which Kafka has confirmed every record."""
        # A call of pyzmq's `send_multipart` takes three times as long as these two.
        send = self.acknowledgements.send
        for reader, (position, confirmed) in acknowledgements.items():
            frame = encode_frame(Acknowledgement(session, *position, confirmed))
            send(acknowledgement_topic(reader), zmq.SNDMORE)
            send(frame)

    @property
    def connections_ended(self) -> int:
        """Number of connections that have ended."""
        return self._connections.counts.ended

    @property
    def connections_refused(self) -> Counter[str]:
        """Number of refused connections, by reason."""
        return self._connections.counts.refused

    @property
    def readers(self) -> int:
        """Number of readers that are connected, as far as their subscriptions have been read."""
        return len(self._listeners.topics)

    def reload_keys(self) -> None:
        """
        Load the authorised keys: admit new ones, and disconnect revoked ones.

        Raises BindError when the addresses cannot be bound again.
        """
        if self._keys is None:
            return
        before = self._connections.authenticator.authorized
        authorized, problems = authorized_keys(self._keys.folder)
        for problem in problems:
            self._log_key_file("an authorised key does not count: %s", problem)
        # Set this before cutting connections, so that revoked keys cannot reconnect.
        self._connections.authenticator.authorized = authorized
        for key in authorized.keys() - before.keys():
            logger.info("readers of %s are admitted: key %s", authorized[key], key)
        revoked = before.keys() - authorized.keys()
        for key in revoked:
            logger.warning("readers of %s are no longer admitted: key %s", before[key], key)
        if revoked:
            self._cut_connections()

    def check(self) -> None:
        """Raise WatcherEndedError if new readers may not be able to connect any more."""
        self._connections.check()

    def close(self) -> None:
        """Close the sockets; queued acknowledgements are sent for up to 1 s."""
        for socket in (self.batches, self.acknowledgements):
            socket.disable_monitor()
        self.batches.close()
        self.acknowledgements.close(linger=_LINGER_MS)
        self._context.term()
        self._connections.join()
        # The context removes the sockets' files, so the next publisher must wait for it.
        self._locks.close()

    def _take_subscriptions(self) -> list[bytes]:
        """Return the announcement topics of the readers that have just connected."""
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
        # A cut connection must end at once, even if messages are queued for it.
        socket.setsockopt(zmq.LINGER, 0)
        keep_alive(socket)
        if self._keys is not None:
            secure_server(socket, self._keys.pair)
        return socket

    def _cut_connections(self) -> None:
        """
        Cut all connections; readers reconnect by themselves.

        The readers' link sends again what is lost with a connection.
        """
        self.batches.unbind(self.batches_endpoint)
        self.acknowledgements.unbind(self.acknowledgements_endpoint)
        _bind_again(self.batches, self.batches_endpoint, "PUBLISHER_BIND")
        _bind_again(self.acknowledgements, self.acknowledgements_endpoint, "PUBLISHER_ACK_BIND")
        # A connection ends only when all messages received over it have been read.
        while self.receive() is not None:
            pass


def _lock(endpoint: str, setting: str, locks: ExitStack) -> None:
    try:
        lock_ipc(endpoint, locks)
    except OccupiedError as error:
        raise BindError(f"{setting} holds {endpoint}, but {error}") from None


def _bind(socket: zmq.Socket[bytes], endpoint: str, setting: str) -> str:
    """Bind *socket*, and return its address. Raises BindError."""
    # ZeroMQ accepts only IPv4 unless this is set; then it shows an IPv4 address as IPv6.
    socket.setsockopt(zmq.IPV6, not _IPV4.match(endpoint))
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            reason = (
                "that address is in use. If another installation's publisher listens there, it gets"
                " the messages of this installation's readers too: stop one of them, or change"
                " PUBLISHER_BIND, PUBLISHER_ACK_BIND, PUBLISHER_ENDPOINT and PUBLISHER_ACK_ENDPOINT"
            )
        else:
            reason = f"the publisher cannot listen there: {zmq.strerror(error.errno or 0)}"
        raise BindError(f"{setting} holds {endpoint}, but {reason}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)


def _bind_again(socket: zmq.Socket[bytes], endpoint: str, setting: str) -> None:
    """Bind *socket* to the address that it has just left. Raises BindError."""
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
