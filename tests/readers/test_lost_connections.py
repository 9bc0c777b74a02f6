"""Connections that end, or only seem to live: what a reader does, and which gap it leaves."""

from __future__ import annotations

import pytest

from common.chat_gap import GapReason
from simulator.chat_server import ChatServer, JoinRefusal
from tests.readers.memberships import (
    CHANNEL,
    ROOM_ID,
    Listener,
    membership_of,
    settings_for,
)
from tests.readers.polling import until


async def test_a_ping_is_answered(twitch: ChatServer, listener: Listener) -> None:
    """With a PONG that carries the same text."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.ping("tmi.twitch.tv")
        await twitch.wait_until(lambda: "PONG tmi.twitch.tv" in session.received, what="the PONG")


async def test_a_quiet_server_is_asked_for_a_sign_of_life_and_kept(
    twitch: ChatServer, listener: Listener
) -> None:
    """PING after silence; with its PONG, the connection stays."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.wait_until(lambda: session.received.count("PING alive") >= 3, what="3 PINGs")
        assert twitch.sessions == [session]


async def test_a_half_open_connection_is_replaced(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that neither reads nor writes any more is not taken for a quiet chat."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.half_open()
        await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "again")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["again"]
    assert "of a PING" in caplog.text


async def test_a_server_that_does_not_answer_ping_is_left(
    twitch: ChatServer, listener: Listener
) -> None:
    """The connection is up, but nobody is there."""
    await twitch.stop_answering_pings()
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")


async def test_on_reconnect_the_new_connection_is_joined_before_the_old_one_is_left(
    twitch: ChatServer,
    listener: Listener,
) -> None:
    """What is said meanwhile is heard on one of them: here, on the old one."""
    async with membership_of(settings_for(twitch), listener):
        (old,) = await twitch.wait_for_join(CHANNEL)
        twitch.state.refused_joins[CHANNEL] = JoinRefusal.NON_EXISTENT
        await old.request_reconnect()
        await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")
        assert twitch.members(CHANNEL) == [old]
        await twitch.say(CHANNEL, "meanwhile")
        await twitch.ping_and_wait(CHANNEL)
        twitch.state.refused_joins.clear()
        await twitch.wait_until(lambda: old.closed, what="the old connection to be left")
        (new,) = twitch.members(CHANNEL)
        await twitch.say(CHANNEL, "afterwards")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["meanwhile", "afterwards"]
    assert new is not old


async def test_a_connection_that_is_closed_is_replaced(
    twitch: ChatServer, listener: Listener
) -> None:
    """An orderly end is an end, too."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.close()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


async def test_a_server_that_is_not_there_is_tried_for_ever(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A line per attempt with the next delay, no traceback; then the server comes back."""
    settings = settings_for(twitch)
    await twitch.close()
    async with membership_of(settings, listener):
        await until(lambda: caplog.text.count("cannot connect") >= 5)
        await twitch.start()
        await twitch.wait_for_join(CHANNEL)
    assert "next attempt in" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_host_name_that_is_none_is_no_crash(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one more reason not to get a connection."""
    settings = settings_for(twitch, TWITCH_IRC_HOST="a..b")
    async with membership_of(settings, listener):
        await until(lambda: caplog.text.count("cannot connect") >= 2)


async def test_a_reader_that_is_put_out_comes_back(twitch: ChatServer, listener: Listener) -> None:
    """Twitch parts whom it bans."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


async def test_a_lost_connection_leaves_a_gap(twitch: ChatServer, listener: Listener) -> None:
    """It says which channel, since when, until when, and that the connection was lost."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "before")
        await twitch.ping_and_wait(CHANNEL)
        await session.misbehave.reset()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        await twitch.wait_for_join(CHANNEL)
        await until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert (gap.channel, gap.channel_id) == (CHANNEL, ROOM_ID)
    assert gap.reason is GapReason.DISCONNECTED
    assert 0 < gap.from_ms <= gap.to_ms


async def test_being_put_out_leaves_a_gap(twitch: ChatServer, listener: Listener) -> None:
    """With its own reason."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        await until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.DROPPED


async def test_a_reconnect_that_goes_well_leaves_no_gap(
    twitch: ChatServer, listener: Listener
) -> None:
    """One connection or the other was in the channel all the time."""
    async with membership_of(settings_for(twitch), listener):
        (old,) = await twitch.wait_for_join(CHANNEL)
        await old.request_reconnect()
        await twitch.wait_until(lambda: old.closed, what="the old connection to be left")
    assert listener.gaps() == []


async def test_a_reader_that_was_stopped_leaves_a_gap_when_it_comes_back(
    twitch: ChatServer,
    listener: Listener,
) -> None:
    """And none the first time it ever enters the channel."""
    async with membership_of(settings_for(twitch), listener):
        await until(lambda: listener.outbox.absence() is not None)
    assert listener.gaps() == []
    async with membership_of(settings_for(twitch), listener):
        await until(lambda: listener.outbox.last_seq > 0)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.RESTARTED
