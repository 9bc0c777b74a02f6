"""A reader on the wire: the real client against the simulator, over TLS."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.chat_message import ChatMessage
from common.frames import decode_batch
from common.settings import Settings, read_settings
from common.token_store import locked_token_store
from readers import pydle_client
from readers.attendance import Attendance
from readers.chat_parser import HeardMessage
from readers.credentials import Credentials, credentials
from readers.membership import Membership
from readers.outbox import Outbox
from readers.timing import Timing
from simulator.certificates import AUTHORITY_FILE, server_tls
from simulator.chat_server import ChatServer, JoinRefusal
from tests.common.store_writers import TOKEN

CHANNEL = "xqc"
ROOM_ID = "71092938"

#: A reader that does not wait where a test has nothing to wait for.
BRISK = Timing(
    ping_after_s=0.2,
    pong_within_s=0.2,
    join_within_s=0.3,
    reconnect_first_s=0.01,
    reconnect_last_s=0.05,
    rejoin_first_s=0.02,
    rejoin_last_s=0.05,
)


class Listener:
    """What a membership has heard."""

    def __init__(self) -> None:
        self.outbox = Outbox(Path(":memory:"), CHANNEL, max_bytes=10**9)
        self.messages: list[ChatMessage] = []

    @property
    def texts(self) -> list[str]:
        """What was said, in that order."""
        return [message.message for message in self.messages]

    def gaps(self) -> list[ChatGap]:
        """Return the gaps that went into the outbox."""
        gaps = []
        seq = 0
        while stored := self.outbox.batch_after(seq):
            gaps += [decode_chat_gap(r.value) for r in decode_batch(stored.body).records]
            seq = stored.last_seq
        return gaps

    def take(self, chat: list[HeardMessage]) -> None:
        """Take note of *chat*."""
        self.messages += [heard.message for heard in chat]


@pytest.fixture
async def twitch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatServer]:
    """Return a Twitch on TLS, whose authority this process trusts."""
    monkeypatch.chdir(tmp_path)
    pydle_client._tls_context.cache_clear()
    tls = server_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY_FILE))
    async with ChatServer(tls=tls, room_ids={CHANNEL: ROOM_ID}) as server:
        yield server


def settings_for(server: ChatServer, **more: str) -> Settings:
    """Return settings that lead to *server*."""
    return read_settings(
        {
            "TWITCH_IRC_HOST": "localhost",
            "TWITCH_IRC_PORT": str(server.port),
            # Whoever runs the tests may have logged in.
            "TWITCH_TOKEN_STORE": str(Path(__file__).with_name("no token store")),
            **more,
        }
    )


@asynccontextmanager
async def membership_of(
    settings: Settings,
    listener: Listener,
    log_in_as: Callable[[], Credentials] | None = None,
) -> AsyncIterator[None]:
    """Stay in the channel while the block runs."""
    membership = Membership(
        CHANNEL,
        settings,
        log_in_as or (lambda: credentials(settings)),
        listener.take,
        Attendance(CHANNEL, listener.outbox, lambda *_: False, lambda: None),
        timing=BRISK,
    )
    task = asyncio.create_task(membership.stay())
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_anonymous_reader_asks_for_tags_and_joins(twitch: ChatServer) -> None:
    """It sends CAP REQ, then NICK justinfan..., no PASS, and hears what is said."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "hello")
        await twitch.ping_and_wait(CHANNEL)
    received = session.received
    assert received[0] == "CAP REQ :twitch.tv/commands twitch.tv/tags"
    assert received[1].startswith("NICK justinfan")
    assert not any(line.startswith("PASS") for line in received)
    assert f"JOIN #{CHANNEL}" in received
    assert listener.texts == ["hello"]


async def test_a_reader_with_a_token_logs_in_as_its_account(twitch: ChatServer) -> None:
    """PASS goes before NICK, and the token is the server's to judge."""
    twitch.state.tokens["secrettoken"] = "somebot"
    settings = settings_for(
        twitch, TWITCH_USERNAME="SomeBot", TWITCH_OAUTH_TOKEN="oauth:secrettoken"
    )
    async with membership_of(settings, Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
    assert session.account is not None
    assert session.account.login == "somebot"
    commands = [line.split(" ")[0] for line in session.received]
    assert commands.index("PASS") < commands.index("NICK")


async def test_a_certificate_that_is_not_trusted_is_refused(
    twitch: ChatServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader does not log in, says why, and tries again; once it is trusted, it gets in."""
    authority = os.environ["SSL_CERT_FILE"]
    monkeypatch.delenv("SSL_CERT_FILE")
    pydle_client._tls_context.cache_clear()
    with caplog.at_level(logging.WARNING):
        async with membership_of(settings_for(twitch), Listener()):
            await _until(lambda: caplog.text.count("CERTIFICATE_VERIFY_FAILED") >= 2)
            assert not any(session.received for session in twitch.history)
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            await twitch.wait_for_join(CHANNEL)


async def test_a_ping_is_answered(twitch: ChatServer) -> None:
    """With a PONG that carries the same text."""
    async with membership_of(settings_for(twitch), Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.ping("tmi.twitch.tv")
        await twitch.wait_until(lambda: "PONG tmi.twitch.tv" in session.received, what="the PONG")


async def test_a_quiet_server_is_asked_for_a_sign_of_life_and_kept(twitch: ChatServer) -> None:
    """PING after silence; with its PONG, the connection stays."""
    async with membership_of(settings_for(twitch), Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.wait_until(lambda: session.received.count("PING alive") >= 3, what="3 PINGs")
        assert twitch.sessions == [session]


async def test_a_half_open_connection_is_replaced(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that neither reads nor writes any more is not taken for a quiet chat."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.half_open()
        await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "again")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["again"]
    assert "no answer to PING" in caplog.text


async def test_a_server_that_does_not_answer_ping_is_left(twitch: ChatServer) -> None:
    """The connection is up, but nobody is there."""
    await twitch.stop_answering_pings()
    async with membership_of(settings_for(twitch), Listener()):
        await twitch.wait_until(lambda: len(twitch.history) >= 2, what="a second connection")


async def test_on_reconnect_the_new_connection_is_joined_before_the_old_one_is_left(
    twitch: ChatServer,
) -> None:
    """What is said meanwhile is heard on one of them: here, on the old one."""
    listener = Listener()
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


async def test_a_reset_in_the_middle_of_a_line_costs_that_line_only(twitch: ChatServer) -> None:
    """Half a line is not taken for a message, and the reader comes back."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "before")
        await session.misbehave.reset_in_mid_line(
            b":viewer!viewer@viewer.tmi.twitch.tv PRIVMSG #xqc :cut off here\r\n"
        )
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "after")
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["before", "after"]


async def test_a_connection_that_is_closed_is_replaced(twitch: ChatServer) -> None:
    """An orderly end is an end, too."""
    async with membership_of(settings_for(twitch), Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.close()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


async def test_lines_that_come_in_pieces_are_put_together(twitch: ChatServer) -> None:
    """However the network cuts them."""
    listener = Listener()
    line = ":viewer!viewer@viewer.tmi.twitch.tv PRIVMSG #xqc :żółw 🐢\r\n".encode()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.dribble(line * 3, chunk_bytes=7)
        await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["żółw 🐢"] * 3


async def test_what_a_line_does_not_say_is_filled_in(twitch: ChatServer) -> None:
    """The channel's id from joining it, the time from our clock."""
    listener = Listener()
    began_ms = time.time_ns() // 1_000_000
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await twitch.send_line(CHANNEL, b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :hello")
        await twitch.ping_and_wait(CHANNEL)
    (message,) = listener.messages
    assert message.channel_id == ROOM_ID
    assert began_ms <= message.timestamp <= time.time_ns() // 1_000_000


async def test_garbage_is_survived(twitch: ChatServer, caplog: pytest.LogCaptureFixture) -> None:
    """The connection stays, what comes after it is heard, and nothing is logged as a failure."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.send_garbage()
        await twitch.say(CHANNEL, "hello")
        await twitch.ping_and_wait(CHANNEL)
        assert twitch.sessions == [session]
    assert listener.texts[-1] == "hello"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (JoinRefusal.SUSPENDED, "does not exist or has been suspended"),
        (JoinRefusal.BANNED, "permanently banned"),
        (JoinRefusal.TERMS_OF_SERVICE, "Terms of Service"),
        (JoinRefusal.NON_EXISTENT, "there may be no channel of that name"),
    ],
)
async def test_a_channel_that_cannot_be_joined_is_said_once_and_tried_again(
    twitch: ChatServer, refusal: JoinRefusal, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One error however often it fails, and the reader joins once the channel lets it."""
    twitch.state.refused_joins[CHANNEL] = refusal
    with caplog.at_level(logging.INFO):
        async with membership_of(settings_for(twitch), Listener()):
            await twitch.wait_until(lambda: len(twitch.history) >= 3, what="three attempts")
            twitch.state.refused_joins.clear()
            await twitch.wait_for_join(CHANNEL)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert text in errors[0]


async def test_a_login_that_is_refused_is_said_once_and_tried_again(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With the credentials as they are at each attempt; the token stays out of the log."""
    twitch.state.tokens["newtoken"] = "somebot"
    token = "oldtoken"
    with caplog.at_level(logging.DEBUG):
        async with membership_of(
            settings_for(twitch), Listener(), log_in_as=lambda: Credentials("somebot", token)
        ):
            await twitch.wait_until(lambda: len(twitch.history) >= 3, what="three attempts")
            token = "newtoken"
            await twitch.wait_for_join(CHANNEL)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "Login authentication failed" in errors[0]
    assert "oldtoken" not in caplog.text
    assert "newtoken" not in caplog.text


async def test_a_login_that_is_refused_once_is_no_error(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The token may just have been renewed: it is asked for again before anything is reported."""
    twitch.state.tokens["newtoken"] = "somebot"
    tokens = ["oldtoken", "newtoken"]
    with caplog.at_level(logging.INFO):
        async with membership_of(
            settings_for(twitch),
            Listener(),
            log_in_as=lambda: Credentials("somebot", tokens.pop(0)),
        ):
            await twitch.wait_for_join(CHANNEL)
    assert len(twitch.history) == 2
    assert "Login authentication failed" in caplog.text
    assert not any(record.levelno >= logging.WARNING for record in caplog.records)


async def test_a_token_of_another_account_is_named_as_the_reason(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Twitch lets it in under its own name; we do not read as somebody else."""
    twitch.state.tokens["sometoken"] = "somebot"
    settings = settings_for(twitch, TWITCH_USERNAME="other", TWITCH_OAUTH_TOKEN="oauth:sometoken")
    async with membership_of(settings, Listener()):
        await _until(lambda: "belongs to somebot, but TWITCH_USERNAME is other" in caplog.text)
    assert not any("JOIN" in line for session in twitch.history for line in session.received)


async def test_a_token_store_that_becomes_unusable_is_reported_and_recovered_from(
    twitch: ChatServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader goes on trying, and is there as soon as somebody has mended it."""
    twitch.state.tokens["firstaccess"] = "somebot"
    store = tmp_path / "tokenStore.json"
    settings = settings_for(twitch, TWITCH_TOKEN_STORE=str(store))
    with locked_token_store(store) as locked:
        locked.write(TOKEN)
    async with membership_of(settings, Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
        store.chmod(0o644)
        await session.close()
        await _until(lambda: "chmod 600" in caplog.text)
        store.chmod(0o600)
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        (again,) = await twitch.wait_for_join(CHANNEL)
    assert again.account is not None
    assert again.account.login == "somebot"


async def test_a_reader_that_is_put_out_comes_back(twitch: ChatServer) -> None:
    """Twitch parts whom it bans."""
    async with membership_of(settings_for(twitch), Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        (new,) = await twitch.wait_for_join(CHANNEL)
        assert new is not session


async def test_a_server_that_is_not_there_is_tried_for_ever(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A line per attempt with the next delay, no traceback; then the server comes back."""
    settings = settings_for(twitch)
    await twitch.close()
    async with membership_of(settings, Listener()):
        await _until(lambda: caplog.text.count("cannot connect") >= 5)
        await twitch.start()
        await twitch.wait_for_join(CHANNEL)
    assert "next attempt in" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_reader_that_stops_says_goodbye(twitch: ChatServer) -> None:
    """QUIT, and the connection is closed."""
    async with membership_of(settings_for(twitch), Listener()):
        (session,) = await twitch.wait_for_join(CHANNEL)
    await twitch.wait_until(lambda: session.closed, what="the end of the connection")
    assert session.received[-1] == "QUIT goodbye"


@pytest.mark.parametrize(
    "line",
    [
        b"CAP *",
        b"CAP",
        b"PING",
        b":x 001",
        b":x KICK",
        b":x " + b"9" * 5000,
        b"NOTICE",
        b"ERROR :x",
    ],
)
async def test_commands_that_make_no_sense_cost_nothing(
    twitch: ChatServer, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """No traceback, and the connection stays."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.send_raw(line + b"\r\n")
        await twitch.say(CHANNEL, "hello")
        await twitch.ping_and_wait(CHANNEL)
        assert twitch.sessions == [session]
    assert listener.texts == ["hello"]
    assert "Traceback" not in caplog.text


async def test_a_host_name_that_is_none_is_no_crash(
    twitch: ChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is one more reason not to get a connection."""
    settings = settings_for(twitch, TWITCH_IRC_HOST="a..b")
    async with membership_of(settings, Listener()):
        await _until(lambda: caplog.text.count("cannot connect") >= 2)


async def test_a_lost_connection_leaves_a_gap(twitch: ChatServer) -> None:
    """It says which channel, since when, until when, and that the connection was lost."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.say(CHANNEL, "before")
        await twitch.ping_and_wait(CHANNEL)
        await session.misbehave.reset()
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        await twitch.wait_for_join(CHANNEL)
        await _until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert (gap.channel, gap.channel_id) == (CHANNEL, ROOM_ID)
    assert gap.reason is GapReason.DISCONNECTED
    assert 0 < gap.from_ms <= gap.to_ms


async def test_being_put_out_leaves_a_gap(twitch: ChatServer) -> None:
    """With its own reason."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.part(CHANNEL)
        await _until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.DROPPED


async def test_a_reconnect_that_goes_well_leaves_no_gap(twitch: ChatServer) -> None:
    """One connection or the other was in the channel all the time."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        (old,) = await twitch.wait_for_join(CHANNEL)
        await old.request_reconnect()
        await twitch.wait_until(lambda: old.closed, what="the old connection to be left")
    assert listener.gaps() == []


async def test_a_reader_that_was_stopped_leaves_a_gap_when_it_comes_back(
    twitch: ChatServer,
) -> None:
    """And none the first time it ever enters the channel."""
    listener = Listener()
    async with membership_of(settings_for(twitch), listener):
        await _until(lambda: listener.outbox.absence() is not None)
    assert listener.gaps() == []
    async with membership_of(settings_for(twitch), listener):
        await _until(lambda: listener.outbox.last_seq > 0)
    (gap,) = listener.gaps()
    assert gap.reason is GapReason.RESTARTED


async def _until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - a log tells nobody that it has grown
            await asyncio.sleep(0.01)
