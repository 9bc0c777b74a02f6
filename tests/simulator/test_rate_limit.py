"""Twitch's limits, with a clock that the test moves."""

from __future__ import annotations

from simulator.chat_server import ChatServer
from simulator.rate_limit import RateLimit
from tests.simulator.raw_client import CLOSED, RawClient


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_twenty_requests_are_granted_in_any_ten_seconds() -> None:
    """The 21st is granted ten seconds after the first. Each account has its own limit."""
    clock = Clock()
    limit = RateLimit(clock=clock)
    assert limit.grants("alice")
    clock.now_s = 5.0
    assert all(limit.grants("alice") for _ in range(19))
    clock.now_s = 9.9
    assert not limit.grants("alice")
    assert limit.grants("bob")
    clock.now_s = 10.0
    assert limit.grants("alice")
    assert not limit.grants("alice")


async def test_joins_beyond_the_limit_are_ignored() -> None:
    """Of 25 channels 20 are joined, the others get no response. Ten seconds later one more is."""
    clock = Clock()
    async with (
        ChatServer(join_limit=RateLimit(clock=clock)) as server,
        await RawClient.connect(server.port) as client,
    ):
        await client.log_in()
        client.send("JOIN " + ",".join(f"#channel{number}" for number in range(25)))
        responses = await client.read_responses()
        (session,) = server.sessions
        assert session.channels == [f"channel{number}" for number in range(20)]
        assert not any("channel20" in line for line in responses)

        clock.now_s = 10.0
        await client.join("channel20")

        assert session.channels[-1] == "channel20"


async def test_the_clients_of_one_account_share_its_join_limit() -> None:
    """A second connection of the account cannot join; another account can."""
    async with (
        ChatServer(join_limit=RateLimit(limit=1, clock=Clock())) as server,
        await RawClient.connect(server.port) as first,
        await RawClient.connect(server.port) as second,
        await RawClient.connect(server.port) as other,
    ):
        await first.log_in("alice")
        await second.log_in("alice")
        await other.log_in("bob")
        await first.join("cooking")

        assert await second.join("cooking") == []
        assert await other.join("cooking") != []


async def test_connections_beyond_the_login_limit_are_closed_silently() -> None:
    """Anonymous clients of one host count as one account, whatever their names."""
    async with ChatServer(login_limit=RateLimit(limit=1, clock=Clock())) as server:
        async with await RawClient.connect(server.port) as first:
            await first.log_in("justinfan1")
        async with await RawClient.connect(server.port) as second:
            second.send("NICK justinfan2")
            assert await second.read_line() == CLOSED


async def test_there_is_no_limit_by_default() -> None:
    """A hundred channels are joined at once."""
    async with (
        ChatServer() as server,
        await RawClient.connect(server.port) as client,
    ):
        await client.log_in()
        client.send("JOIN " + ",".join(f"#channel{number}" for number in range(100)))
        await client.read_responses()

        assert len(server.sessions[0].channels) == 100
