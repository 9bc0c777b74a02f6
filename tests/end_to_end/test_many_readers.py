"""Many readers that start at once, and a Twitch that enforces its rate limits."""

from __future__ import annotations

from pathlib import Path

from simulator.background import BackgroundChatServer
from simulator.chat_server import ChatServer, RateLimit
from tests.ports import free_port
from tests.processes import StartProcess, python_module, wait_for

READERS = 200

#: Twitch's limits for a verified bot in 10 s. Other bots have a tenth: it would take 2 min.
JOINS, LOGINS = 2000, 200


def test_two_hundred_readers_that_start_at_once_all_join(
    processes: StartProcess, short_folder: Path
) -> None:
    """Together they stay within the limits, so that none is disconnected or ignored."""
    server = ChatServer(
        join_limit=RateLimit(JOINS, 10.0),
        login_limit=RateLimit(LOGINS, 10.0),
    )
    channels = [f"channel_{number}" for number in range(READERS)]
    unused_endpoint = f"tcp://127.0.0.1:{free_port()}"
    with BackgroundChatServer(server) as chat:
        environment = {
            "TWITCH_IRC_HOST": "127.0.0.1",
            "TWITCH_IRC_PORT": str(chat.port),
            "TWITCH_IRC_TLS": "false",
            "TWITCH_JOIN_RATE": str(JOINS),
            "PUBLISHER_ENDPOINT": unused_endpoint,
            "PUBLISHER_ACK_ENDPOINT": unused_endpoint,
            "STATE_DIR": str(short_folder / "var"),
        }
        readers = [processes(python_module("readers", name), environment) for name in channels]
        for channel in channels:
            chat.run(server.wait_for_join(channel, timeout_s=100), timeout_s=101)
        assert len(server.history) == READERS
        output = "".join(reader.output() for reader in readers)
        assert "cannot connect" not in output
        assert "has not confirmed" not in output
        for reader in readers:
            reader.kill()
        wait_for(lambda: not server.sessions, 30, "all readers to disconnect")
