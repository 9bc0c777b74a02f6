"""Many readers that start at once, and a Twitch that enforces its rate limits."""

from __future__ import annotations

from pathlib import Path

from simulator.background import BackgroundChatServer
from simulator.chat_server import ChatServer, RateLimit
from tests.end_to_end.supervised_service import SupervisedService, prepare
from tests.processes import StartProcess, wait_for

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
    with BackgroundChatServer(server) as chat:
        prepare(short_folder, chat_port=chat.port, channels="\n".join(channels))
        with (short_folder / ".env").open("a") as settings:
            settings.write(f"TWITCH_JOIN_RATE={JOINS}\n")
        supervisord = SupervisedService(processes, short_folder).supervisord
        for channel in channels:
            chat.run(server.wait_for_join(channel, timeout_s=100), timeout_s=101)
        assert len(server.history) == READERS
        output = supervisord.output()
        assert "cannot connect" not in output
        assert "has not confirmed" not in output
        supervisord.kill()
        wait_for(lambda: not server.sessions, 30, "all readers to disconnect")
