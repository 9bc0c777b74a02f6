"""
A rehearsal: the fork server runs a whole reader, before it forks any.

What a reader does first changes the pages that it shares: CPython adapts the code that it runs,
remembers where attributes are, and makes some objects when they are first needed. After a
rehearsal, most of that is done, and shared.

The reader has a folder of its own, and talks to a chat and a publisher that are part of the
rehearsal. No thread, descriptor or file is left.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Announcement,
    acknowledgement_topic,
    decode_envelope,
    encode_frame,
)
from common.startup import start
from readers.reader import read_channel

_CHANNEL = "rehearsal"

#: Seconds after which a rehearsal is given up.
_WITHIN_S = 5.0

#: Seconds between two looks at what the reader has sent.
_LOOK_EVERY_S = 0.002

#: Seconds between two lines of chat, each of which is a batch of its own.
_NEXT_LINE_AFTER_S = 0.02

_SESSION = 1

_WELCOME = (
    ":tmi.twitch.tv CAP * ACK :twitch.tv/commands twitch.tv/tags\r\n"
    ":tmi.twitch.tv 001 justinfan1 :Welcome, GLHF!\r\n"
    ":tmi.twitch.tv 376 justinfan1 :>\r\n"
)

_SAID = (
    "@badge-info=subscriber/9;badges=subscriber/9;color=#1E90FF;display-name=Ann;emotes=25:0-4;"
    "first-msg=0;flags=;id=%d;mod=0;room-id=1;subscriber=1;tmi-sent-ts=1700000000000;turbo=0;"
    "user-id=2;user-type= :ann!ann@ann.tmi.twitch.tv PRIVMSG #rehearsal :Kappa\r\n"
)

_JOINED = (
    ":justinfan1!justinfan1@justinfan1.tmi.twitch.tv JOIN #rehearsal\r\n"
    "@emote-only=0;followers-only=-1;r9k=0;room-id=1;slow=0;subs-only=0"
    " :tmi.twitch.tv ROOMSTATE #rehearsal\r\n"
)


def rehearse(chat_lines: int = 3) -> None:
    """
    Run a reader until its publisher has got *chat_lines* lines.

    Raises OSError if that is impossible here, and TimeoutError if it takes too long.
    """
    with TemporaryDirectory(prefix="rehearsal-") as folder, _only_in(Path(folder)):
        asyncio.run(_rehearse(chat_lines))


async def _rehearse(chat_lines: int) -> None:
    chat = await asyncio.start_server(_Chat(chat_lines).talk, "127.0.0.1", 0)
    context = zmq.Context[zmq.Socket[bytes]]()
    try:
        publisher = _Publisher(context)
        os.environ.update(
            PUBLISHER_ENDPOINT=publisher.endpoints[0],
            PUBLISHER_ACK_ENDPOINT=publisher.endpoints[1],
            TWITCH_IRC_PORT=str(chat.sockets[0].getsockname()[1]),
        )
        reading = asyncio.create_task(read_channel(_CHANNEL, start("reader", _CHANNEL)))
        try:
            async with asyncio.timeout(_WITHIN_S):
                while publisher.batches < chat_lines and not reading.done():
                    publisher.work()
                    await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
    finally:
        chat.close()
        context.destroy(linger=0)


class _Chat:
    """Chat for one connection."""

    def __init__(self, lines: int) -> None:
        self._lines = lines

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer as Twitch does, and send some lines, one by one."""
        try:
            async for line in reader:
                if line.startswith(b"NICK"):
                    writer.write(_WELCOME.encode())
                elif line.startswith(b"JOIN"):
                    writer.write(_JOINED.encode())
                    for number in range(self._lines):
                        await asyncio.sleep(_NEXT_LINE_AFTER_S)
                        writer.write((_SAID % number).encode())
        finally:
            writer.transport.abort()


class _Publisher:
    """Announces itself, and acknowledges what it gets."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._pull, self._publish = context.socket(zmq.PULL), context.socket(zmq.PUB)
        for each in (self._pull, self._publish):
            each.bind("tcp://127.0.0.1:*")
        #: Where it receives batches, and where it publishes acknowledgements.
        self.endpoints = [
            each.getsockopt_string(zmq.LAST_ENDPOINT) for each in (self._pull, self._publish)
        ]
        #: How many it has got.
        self.batches = 0

    def work(self) -> None:
        """Announce the session, and acknowledge what has come."""
        if not self.batches:
            announcement = encode_frame(Announcement(_SESSION, takes_events=True))
            self._publish.send_multipart([ANNOUNCEMENT_TOPIC, announcement])
        while self._pull.poll(0):
            envelope = decode_envelope(self._pull.recv_multipart()[0])
            if envelope.session == _SESSION and envelope.first_seq > self.batches:
                self.batches = envelope.first_seq
                acknowledgement = Acknowledgement(_SESSION, envelope.first_seq)
                self._publish.send_multipart(
                    [acknowledgement_topic(envelope.reader), encode_frame(acknowledgement)]
                )


@contextmanager
def _only_in(folder: Path) -> Iterator[None]:
    """Let the reader find its settings and files in *folder*, and log nothing."""
    environment, directory, streams = dict(os.environ), os.getcwd(), (sys.stderr, sys.__stderr__)
    with open(os.devnull, "w") as nothing:
        try:
            os.chdir(folder)
            os.environ.clear()
            # No name: where it is unknown, that takes long, and cannot be cancelled.
            os.environ.update(TWITCH_IRC_HOST="127.0.0.1", TWITCH_IRC_TLS="false")
            sys.stderr = sys.__stderr__ = nothing  # type: ignore[misc]
            yield
        finally:
            logging.basicConfig(handlers=[], force=True)
            sys.stderr, sys.__stderr__ = streams  # type: ignore[misc]
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(directory)
