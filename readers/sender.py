"""
Sends what lies in the outbox over ZeroMQ to the publisher, and takes out what it acknowledges.

The rules are SendingLink's, the batches the Outbox's; here are the sockets, and the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Envelope,
    FrameError,
    acknowledgement_topic,
    decode_acknowledgement,
    decode_announcement,
    encode_frame,
)
from common.logs import BoundedLog
from common.sockets import keep_alive
from readers.link import WINDOW_BATCHES, SendingLink

if TYPE_CHECKING:
    from readers.outbox import Outbox

#: How often the link looks at the clock, in seconds.
TICK_S = 1.0

logger = logging.getLogger(__name__)


class Sender:
    """Brings an outbox's batches to a publisher, from inside an asyncio loop."""

    def __init__(
        self,
        outbox: Outbox,
        endpoint: str,
        acknowledgement_endpoint: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._link = SendingLink(outbox.acknowledged, clock())
        self._endpoint = endpoint
        self._away = False
        self._all_acknowledged = asyncio.Event()
        self._bad_frame = BoundedLog(logger.warning)
        self._context = zmq.Context()
        self._batches = self._socket(zmq.PUSH)
        self._batches.setsockopt(zmq.SNDHWM, WINDOW_BATCHES)
        self._batches.connect(endpoint)
        self._acknowledgements = self._socket(zmq.SUB)
        self._acknowledgements.subscribe(ANNOUNCEMENT_TOPIC)
        self._acknowledgements.subscribe(acknowledgement_topic(outbox.reader))
        self._acknowledgements.connect(acknowledgement_endpoint)

    async def run(self) -> None:
        """Send, and hear acknowledgements, until cancelled; then close the sockets."""
        loop = asyncio.get_running_loop()
        descriptor = int(self._acknowledgements.getsockopt(zmq.FD))
        loop.add_reader(descriptor, self._hear)
        try:
            self._hear()
            while True:
                await asyncio.sleep(TICK_S)
                self._look_at_the_clock()
        finally:
            loop.remove_reader(descriptor)
            self._context.destroy(linger=0)

    def send(self) -> None:
        """Send as much of what waits in the outbox as the link takes now."""
        self._all_acknowledged.clear()
        link = self._link
        while link.may_send() and link.sent < self._outbox.last_seq:
            batch = self._outbox.batch_after(link.sent)
            if batch is None:
                return
            envelope = Envelope(
                self._outbox.reader,
                link.session or 0,
                batch.first_seq,
                self._outbox.oldest_seq,
            )
            try:
                self._batches.send_multipart([encode_frame(envelope), batch.body], zmq.NOBLOCK)
            except zmq.Again:
                # ZeroMQ's queue is full of what we sent before going back. The tick tries again.
                return
            link.on_sent(batch.last_seq, len(batch.body), self._clock())

    async def wait_until_empty(self, timeout_s: float) -> bool:
        """Return whether everything in the outbox was acknowledged within *timeout_s* seconds."""
        self.send()
        if not self._outbox.waiting:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._all_acknowledged.wait()
        return not self._outbox.waiting

    def _socket(self, kind: zmq.SocketType) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.IPV6, 1)
        keep_alive(socket)
        return socket

    def _hear(self) -> None:
        # The descriptor tells only that something has changed: read until there is nothing left.
        while int(self._acknowledgements.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            frames = self._acknowledgements.recv_multipart()
            try:
                self._on_frames(frames)
            except FrameError as error:
                self._bad_frame("a frame from the publisher cannot be read: %s", error)
        if self._link.acknowledged > self._outbox.acknowledged:
            self._outbox.acknowledge(self._link.acknowledged)
        self.send()
        if not self._outbox.waiting:
            self._all_acknowledged.set()

    def _on_frames(self, frames: list[bytes]) -> None:
        if len(frames) != 2:
            raise FrameError(f"{len(frames)} frames where there should be 2")
        topic, body = frames
        now = self._clock()
        if topic != ANNOUNCEMENT_TOPIC:
            acknowledgement = decode_acknowledgement(body)
            self._link.on_acknowledgement(acknowledgement.session, acknowledgement.seq, now)
            return
        session = decode_announcement(body).session
        if self._link.on_announcement(session, now):
            logger.info(
                "publisher is there, session %016x; %d messages wait in the outbox",
                session,
                self._outbox.waiting,
            )
        elif self._away:
            logger.info("publisher is back; %d messages wait in the outbox", self._outbox.waiting)
        self._away = False

    def _look_at_the_clock(self) -> None:
        now = self._clock()
        self._outbox.tidy()
        if self._link.on_time(now):
            logger.warning(
                "no acknowledgement for too long: sending again what is not acknowledged"
            )
        if self._link.is_away(now) and not self._away:
            self._away = True
            logger.warning(
                "publisher at %s is not heard, or has no Kafka;"
                " messages are kept in the outbox meanwhile",
                self._endpoint,
            )
        self.send()
