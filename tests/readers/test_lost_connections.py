"""What a reader does when its connection ends or hangs, and which gap record it adds."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from common.chat_gap import GapReason
from common.unix_time import unix_ms
from readers import presence
from readers.presence import LATENCY_MS
from simulator.chat_server import ChatServer, JoinRefusal
from tests.readers.memberships import (
    CHANNEL,
    IMPATIENT,
    ROOM_ID,
    SHORT_DELAYS,
    Listener,
    fail_on_messages,
    membership,
    membership_of,
    settings_for,
)
from tests.readers.polling import until


def logged_delays(caplog: pytest.LogCaptureFixture, text: str) -> list[float]:
    """Return the delays, in seconds, of all log lines with *text* so far."""
    arguments: list[Any] = [record.args for record in caplog.records if text in record.msg]
    return [delay_s for *_, delay_s in arguments]


async def test_a_ping_is_answered(twitch: ChatServer, listener: Listener) -> None:
    """The PONG carries the same text."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.ping("tmi.twitch.tv")
        await twitch.wait_until(lambda: "PONG tmi.twitch.tv" in session.received, what="the PONG")


async def test_a_quiet_connection_is_checked_with_pings_and_kept(
    twitch: ChatServer, listener: Listener
) -> None:
    """A PING is sent after some silence. While each gets a PONG, the connection stays."""
    timing = SHORT_DELAYS._replace(ping_after_s=0.2)
    async with membership_of(settings_for(twitch), listener, timing=timing):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.wait_until(lambda: session.received.count("PING alive") >= 3, what="3 PINGs")
        assert twitch.sessions == [session]


async def test_a_half_open_connection_is_replaced(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that no longer reads or writes is not mistaken for a quiet chat."""
    async with membership_of(settings_for(twitch), listener, timing=IMPATIENT):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.half_open()
        await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "again")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["again"]
    assert "of a PING" in caplog.text


async def test_a_connection_without_a_pong_is_replaced(
    twitch: ChatServer, listener: Listener
) -> None:
    """The connection is up, but the server does not respond."""
    await twitch.stop_answering_pings()
    async with membership_of(settings_for(twitch), listener, timing=IMPATIENT):
        await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")


async def test_on_reconnect_the_new_connection_joins_before_the_old_one_is_closed(
    twitch: ChatServer,
    listener: Listener,
) -> None:
    """Messages in between are received on one of them: here, on the old one."""
    timing = SHORT_DELAYS._replace(join_within_s=0.3)
    async with membership_of(settings_for(twitch), listener, timing=timing):
        (old,) = await twitch.wait_for_join(CHANNEL)
        twitch.state.refused_joins[CHANNEL] = JoinRefusal.NON_EXISTENT
        await old.request_reconnect()
        await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")
        assert twitch.members(CHANNEL) == [old]
        await twitch.say(CHANNEL, "meanwhile")
        await twitch.ping_and_wait(CHANNEL)
        twitch.state.refused_joins.clear()
        await twitch.wait_until(lambda: old.closed, what="the end of the old connection")
        (new,) = twitch.members(CHANNEL)
        await twitch.say(CHANNEL, "afterwards")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["meanwhile", "afterwards"]
    assert new is not old


async def test_an_error_at_the_old_connection_ends_the_reader(
    twitch: ChatServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message would be missing without a gap record."""
    fail_on_messages(listener, monkeypatch)
    timing = SHORT_DELAYS._replace(join_within_s=0.3)
    staying = asyncio.create_task(membership(settings_for(twitch), listener, timing=timing).stay())
    (old,) = await twitch.wait_for_join(CHANNEL)
    twitch.state.refused_joins[CHANNEL] = JoinRefusal.NON_EXISTENT
    await old.request_reconnect()
    await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")
    await twitch.say(CHANNEL, "meanwhile")
    twitch.state.refused_joins.clear()
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(staying, 60)


async def test_late_messages_are_received_after_the_new_connection_has_joined(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """They were said before it joined, and come on the old one only, which stays for that time."""
    caplog.set_level(logging.INFO)
    timing = SHORT_DELAYS._replace(overlap_s=600)
    async with membership_of(settings_for(twitch), listener, timing=timing):
        (old,) = await twitch.wait_for_join(CHANNEL)
        await old.request_reconnect()
        await until(lambda: caplog.text.count("in the channel") == 2)
        await old.misbehave.send_raw(b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :late\r\n")
        await old.ping_and_wait()
        # If the new one is lost meanwhile, it is replaced without waiting any longer.
        await twitch.members(CHANNEL)[1].misbehave.reset()
        await until(lambda: caplog.text.count("in the channel") == 3)
        assert old.closed
    assert listener.texts == ["late"]


async def test_a_connection_that_is_closed_is_replaced(
    twitch: ChatServer, listener: Listener
) -> None:
    """Also if the server closes it in an orderly way."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.close()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


@pytest.mark.parametrize("end", ["reset", "close", "RECONNECT", "silence", "part"])
async def test_a_connection_that_was_good_for_long_is_replaced_at_once(
    twitch: ChatServer, listener: Listener, end: str
) -> None:
    """However it ends. Without that, this would take five minutes."""
    timing = IMPATIENT._replace(settled_after_s=0, reconnect_first_s=600, reconnect_last_s=600)
    async with membership_of(settings_for(twitch), listener, timing=timing):
        (session,) = await twitch.wait_for_join(CHANNEL)
        ends: dict[str, Callable[[], Awaitable[None]]] = {
            "reset": session.misbehave.reset,
            "close": session.close,
            "RECONNECT": session.request_reconnect,
            "silence": session.misbehave.half_open,
            "part": partial(session.part, CHANNEL),
        }
        await ends[end]()
        await twitch.wait_until(lambda: len(twitch.history) == 2, what="a second connection")


async def test_after_a_good_connection_the_delays_start_again(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage makes them grow. The next outage begins with short ones."""
    timing = SHORT_DELAYS._replace(settled_after_s=0, reconnect_last_s=60)
    settings = settings_for(twitch)
    await twitch.close()
    async with membership_of(settings, listener, timing=timing):
        await until(lambda: len(logged_delays(caplog, "cannot connect")) >= 4)
        await twitch.start()
        (session,) = await twitch.wait_for_join(CHANNEL)
        caplog.clear()
        await session.misbehave.reset()
        await twitch.close()
        await until(lambda: bool(logged_delays(caplog, "cannot connect")))
        assert logged_delays(caplog, "cannot connect")[0] <= timing.reconnect_first_s
        await twitch.start()


async def test_after_a_short_connection_the_delays_grow(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that accepts every login and then closes the connection is not stormed."""
    async with membership_of(settings_for(twitch), listener):
        for _ in range(3):
            (session,) = await twitch.wait_for_join(CHANNEL)
            await session.close()
            await twitch.wait_until(lambda: not twitch.sessions, what="the end of the connection")
        await twitch.wait_for_join(CHANNEL)
    delays = logged_delays(caplog, "reconnecting in")
    assert 0.005 <= delays[0] <= 0.01 <= delays[1] <= 0.02 <= delays[2] <= 0.04


async def test_connecting_is_retried_until_the_server_is_back(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """One line per attempt with the next delay and no traceback, until the server is back."""
    caplog.set_level(logging.INFO)
    settings = settings_for(twitch)
    await twitch.close()
    async with membership_of(settings, listener):
        await until(lambda: caplog.text.count("cannot connect") >= 5)
        lines = [each.getMessage() for each in caplog.records if each.name.startswith("readers.")]
        await twitch.start()
        await twitch.wait_for_join(CHANNEL)
    host = rf"localhost:{settings.twitch_irc_port}"
    attempt = rf"cannot connect to {host}: .+; next attempt in \d+\.\d s"
    assert [line for line in lines if not re.fullmatch(attempt, line)] == []
    assert "Traceback" not in caplog.text


async def test_an_invalid_host_name_is_retried_without_a_crash(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """It is handled as any other failure to connect."""
    settings = settings_for(twitch, TWITCH_IRC_HOST="a..b")
    async with membership_of(settings, listener):
        await until(lambda: caplog.text.count("cannot connect") >= 2)


async def test_a_reader_that_was_removed_from_the_channel_rejoins(
    twitch: ChatServer, listener: Listener
) -> None:
    """Twitch sends PART to users that it bans."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


async def test_a_lost_connection_adds_a_gap_record(twitch: ChatServer, listener: Listener) -> None:
    """It lasts from LATENCY_MS before the last data received to the return to the channel."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        said_ms = unix_ms()
        await twitch.say(CHANNEL, "before")
        await twitch.ping_and_wait(CHANNEL)
        answered_ms = unix_ms()
        await session.misbehave.reset()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        reset_ms = unix_ms()
        await twitch.wait_for_join(CHANNEL)
        await until(lambda: listener.outbox.last_seq == 1)
        returned_ms = unix_ms()
    (gap,) = listener.gaps()
    assert (gap.channel, gap.channel_id) == (CHANNEL, ROOM_ID)
    assert gap.reason is GapReason.DISCONNECTED
    assert said_ms <= gap.from_ms + LATENCY_MS <= answered_ms
    assert reset_ms <= gap.to_ms <= returned_ms


async def test_being_removed_from_the_channel_adds_a_gap_record(
    twitch: ChatServer, listener: Listener
) -> None:
    """It has a reason of its own."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        await until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.DROPPED


async def test_a_reconnect_without_an_interruption_adds_no_gap_record(
    twitch: ChatServer, listener: Listener
) -> None:
    """At every moment one of the two connections was in the channel."""
    async with membership_of(settings_for(twitch), listener):
        (old,) = await twitch.wait_for_join(CHANNEL)
        await old.request_reconnect()
        await twitch.wait_until(lambda: old.closed, what="the end of the old connection")
    assert listener.gaps() == []


async def test_the_outbox_knows_until_when_the_reader_was_in_the_channel(
    twitch: ChatServer, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told when something is received, and when the reader stops."""
    monkeypatch.setattr(presence, "NOTE_EVERY_MS", 1)

    def known_until_ms() -> int:
        absence = listener.outbox.absence()
        return absence.since_ms if absence else 0

    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await until(lambda: known_until_ms() > 0)
        joined_ms = known_until_ms()
        await until(lambda: unix_ms() > joined_ms)
        await twitch.say(CHANNEL, "hello")
        await until(lambda: known_until_ms() > joined_ms)
        received_ms = known_until_ms()
        await until(lambda: unix_ms() > received_ms)
    assert known_until_ms() > received_ms


@pytest.mark.parametrize("end", ["close", "silence", "part"])
async def test_an_error_of_the_outbox_ends_the_reader_also_when_the_connection_is_lost(
    twitch: ChatServer, listener: Listener, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """A callback of the event loop stores the gap. The loop would only log the error."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    staying = asyncio.create_task(
        membership(settings_for(twitch), listener, timing=IMPATIENT).stay()
    )
    (session,) = await twitch.wait_for_join(CHANNEL)
    await until(lambda: listener.outbox.absence() is not None)
    with monkeypatch.context() as patch:
        patch.setattr(listener.outbox, "store_absence", fail)
        ends: dict[str, Callable[[], Awaitable[None]]] = {
            "close": session.close,
            "silence": session.misbehave.half_open,
            "part": partial(session.part, CHANNEL),
        }
        await ends[end]()
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(staying, 60)
    assert len(twitch.history) == 1


async def test_a_restart_adds_a_gap_record(
    twitch: ChatServer,
    listener: Listener,
) -> None:
    """The first start, which nothing precedes, adds none."""
    async with membership_of(settings_for(twitch), listener):
        await until(lambda: listener.outbox.absence() is not None)
    assert listener.gaps() == []
    async with membership_of(settings_for(twitch), listener):
        await until(lambda: listener.outbox.last_seq > 0)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.RESTARTED
