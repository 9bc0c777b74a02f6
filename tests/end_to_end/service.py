"""Readers and a publisher as real processes, between a simulated Twitch and Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.background import BackgroundChatServer
from simulator.certificates import AUTHORITY_FILE, server_tls
from simulator.chat_server import ChatServer
from tests.ports import free_port
from tests.processes import Process, StartProcess, python_module, wait_for_line

#: Seconds for a process to start.
START_WITHIN_S = 60


@contextmanager
def twitch(folder: Path) -> Iterator[BackgroundChatServer]:
    """Run a simulated Twitch with TLS; its certificate authority is in *folder*."""
    with BackgroundChatServer(ChatServer(tls=server_tls(folder))) as server:
        yield server


class Service:
    """The processes of an installation, which share their settings."""

    def __init__(
        self,
        start: StartProcess,
        chat: BackgroundChatServer,
        folder: Path,
        bootstrap: str,
        topic: str,
        **more: str,
    ) -> None:
        self._start = start
        self._chat = chat
        batches, acknowledgements = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
        self.environment = {
            "TWITCH_IRC_HOST": "localhost",
            "TWITCH_IRC_PORT": str(chat.port),
            # No test should wait for a rate limit.
            "TWITCH_JOIN_RATE": "100000",
            "SSL_CERT_FILE": str(folder / AUTHORITY_FILE),
            "PUBLISHER_BIND": batches,
            "PUBLISHER_ENDPOINT": batches,
            "PUBLISHER_ACK_BIND": acknowledgements,
            "PUBLISHER_ACK_ENDPOINT": acknowledgements,
            "KAFKA_BROKERS": bootstrap,
            "KAFKA_TOPIC_CHAT_MESSAGES": topic,
            "KAFKA_TOPIC_CHAT_EVENTS": f"{topic}-events",
            "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
            "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead-letters",
            # Tests that run at the same time share one Kafka.
            "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
            "KAFKA_TRANSACTIONAL_ID": topic,
            "STATE_DIR": str(folder / "var"),
            **more,
        }

    def start_publisher(self, **more: str) -> Process:
        """Start the publisher; it need not be ready when this returns."""
        return self._start(python_module("publisher"), self.environment | more)

    def start_reader(self, channel: str, **more: str) -> Process:
        """Start a reader, and return once it is in its channel."""
        reader = self._start(python_module("readers", channel), self.environment | more)
        wait_for_line(reader, "in the channel", START_WITHIN_S)
        return reader

    def start_auth(self, *arguments: str) -> Process:
        """Start `python -m auth`, or one of its subcommands."""
        return self._start(python_module("auth", *arguments), self.environment)

    def say(self, channel: str, text: str, **more: str) -> None:
        """Send the chat message *text* in *channel*."""
        self._chat.run(self._chat.server.say(channel, text, **more))  # type: ignore[arg-type]

    def wait_until_received(self, channel: str) -> None:
        """Return once the reader of *channel* has received all chat messages so far."""
        self._chat.run(self._chat.server.ping_and_wait(channel))
