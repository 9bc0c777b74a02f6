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
from readers.connection import Connection
from readers.link import WINDOW_BATCHES, SendingLink
from readers.outbox_file import OutboxError

if TYPE_CHECKING:
    from common.curve import ReaderKeys
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
        *,
        keys: ReaderKeys | None = None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._link = SendingLink(outbox.acknowledged, clock())
        self._endpoint = endpoint
        self._away = False
        self._all_acknowledged = asyncio.Event()
        self._bad_frame = BoundedLog(logger.warning)
        self._context = zmq.Context()
        batches = Connection(self._context, zmq.PUSH, endpoint, keys)
        answers = Connection(self._context, zmq.SUB, acknowledgement_endpoint, keys)
        self._connections = (batches, answers)
        self._batches, self._acknowledgements = batches.socket, answers.socket
        self._batches.setsockopt(zmq.SNDHWM, WINDOW_BATCHES)
        self._acknowledgements.subscribe(ANNOUNCEMENT_TOPIC)
        self._acknowledgements.subscribe(acknowledgement_topic(outbox.reader))
        for connection in self._connections:
            connection.connect()

    async def run(self) -> None:
        """
        Send, and hear acknowledgements, until cancelled; then close the sockets.

        Raises OutboxError when the outbox turns out to be damaged.
        """
        loop = asyncio.get_running_loop()
        failure: asyncio.Future[None] = loop.create_future()

        def hear() -> None:
            try:
                self._hear()
            except OutboxError as error:
                # The loop would only log what a callback raises.
                failure.set_exception(error)
                loop.remove_reader(descriptor)

        descriptor = int(self._acknowledgements.getsockopt(zmq.FD))
        loop.add_reader(descriptor, hear)
        try:
            hear()
            while not failure.done():
                await asyncio.wait([failure], timeout=TICK_S)
                self._look_at_the_clock()
            failure.result()
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
            self._link.on_acknowledgement(
                acknowledgement.session, acknowledgement.seq, self._outbox.last_seq, now
            )
            if acknowledgement.seq > self._outbox.last_seq:
                self._bad_frame(
                    "the publisher has record %d, and we are only at %d: is the outbox a copy of an"
                    " older one? Remove it",
                    acknowledgement.seq,
                    self._outbox.last_seq,
                )
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
        for connection in self._connections:
            connection.look_after(now)
        if self._link.on_time(now):
            logger.warning(
                "the publisher at %s acknowledges nothing, although it is heard: sending again what"
                " it should have",
                self._endpoint,
            )
        if self._link.is_away(now) and not self._away:
            self._away = True
            logger.warning(
                "publisher at %s is not heard, or has no Kafka;"
                " messages are kept in the outbox meanwhile",
                self._endpoint,
            )
        self.send()
