"""How a reader joins and leaves its channel: the real client and the simulator, over TLS."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from readers.parsing.received import Received
from readers.twitch import chat_host
from simulator.chat_server import ChatServer, JoinRefusal
from tests.common.store_writers import TOKEN
from tests.readers.memberships import (
    CHANNEL,
    IMPATIENT,
    SHORT_DELAYS,
    Listener,
    errors_in,
    membership,
    membership_of,
    messages_in,
    settings_for,
)
from tests.readers.polling import until


def asked_to_join(twitch: ChatServer) -> bool:
    """Return whether a client has sent JOIN."""
    return any(f"JOIN #{CHANNEL}" in session.received for session in twitch.history)


async def test_an_anonymous_reader_requests_tags_and_joins(
    twitch: ChatServer, listener: Listener
) -> None:
    """It sends CAP REQ and NICK justinfan..., but no PASS, and receives chat."""
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


async def test_a_reader_with_a_token_logs_in_as_its_account(
    twitch: ChatServer, listener: Listener
) -> None:
    """PASS is sent before NICK."""
    twitch.state.tokens["secrettoken"] = "somebot"
    settings = settings_for(
        twitch, TWITCH_USERNAME="SomeBot", TWITCH_OAUTH_TOKEN="oauth:secrettoken"
    )
    async with membership_of(settings, listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
    assert session.account is not None
    assert session.account.login == "somebot"
    commands = [line.split(" ")[0] for line in session.received]
    assert commands.index("PASS") < commands.index("NICK")


async def test_an_untrusted_certificate_is_refused(
    twitch: ChatServer,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader sends no login, logs the reason and retries until the certificate is trusted."""
    authority = os.environ["SSL_CERT_FILE"]
    monkeypatch.delenv("SSL_CERT_FILE")
    chat_host.tls_context.cache_clear()
    with caplog.at_level(logging.WARNING):
        async with membership_of(settings_for(twitch), listener):
            await until(lambda: caplog.text.count("CERTIFICATE_VERIFY_FAILED") >= 2)
            assert not any(session.received for session in twitch.history)
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            await twitch.wait_for_join(CHANNEL)


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (JoinRefusal.SUSPENDED, "does not exist or has been suspended. (msg_channel_suspended)"),
        (JoinRefusal.NOT_FOUND, "does not exist or has been suspended. (msg_room_not_found)"),
        (JoinRefusal.CHANNEL_LIMIT, "Twitch refuses the channel: You are connected to too many"),
        (JoinRefusal.BANNED, "permanently banned"),
        (JoinRefusal.TERMS_OF_SERVICE, "Terms of Service"),
        (JoinRefusal.NON_EXISTENT, "there may be no channel of that name"),
    ],
)
async def test_a_refused_join_is_logged_once_and_retried(
    twitch: ChatServer,
    listener: Listener,
    refusal: JoinRefusal,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One error for any number of failures. The reader joins once the channel accepts it."""
    timing = IMPATIENT if refusal is JoinRefusal.NON_EXISTENT else SHORT_DELAYS
    twitch.state.refused_joins[CHANNEL] = refusal
    with caplog.at_level(logging.INFO):
        async with membership_of(settings_for(twitch), listener, timing=timing):
            await twitch.wait_until(lambda: len(twitch.history) >= 3, what="three attempts")
            twitch.state.refused_joins.clear()
            await twitch.wait_for_join(CHANNEL)
    errors = errors_in(caplog)
    assert len(errors) == 1
    assert text in errors[0]


async def test_a_refusal_after_a_success_is_logged_as_an_error_again(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Although it has the same reason as the one before."""
    caplog.set_level(logging.INFO)
    twitch.state.refused_joins[CHANNEL] = JoinRefusal.BANNED
    async with membership_of(settings_for(twitch), listener):
        await until(lambda: len(errors_in(caplog)) == 1)
        twitch.state.refused_joins.clear()
        (session,) = await twitch.wait_for_join(CHANNEL)
        await until(lambda: "in the channel" in caplog.text)
        twitch.state.refused_joins[CHANNEL] = JoinRefusal.BANNED
        await session.close()
        await until(lambda: len(errors_in(caplog)) == 2)


@pytest.mark.parametrize("target", ["#xqc", "*"])
async def test_any_notice_with_a_reason_refuses_a_join(
    twitch: ChatServer, listener: Listener, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Twitch may add reasons. The reader does not wait for a confirmation, here for a minute."""
    twitch.state.refused_joins[CHANNEL] = JoinRefusal.NON_EXISTENT
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_until(lambda: asked_to_join(twitch), what="the JOIN")
        twitch.state.refused_joins.clear()
        await twitch.broadcast(
            f"@msg-id=msg_new :tmi.twitch.tv NOTICE {target} :Not today.\r\n".encode()
        )
        await twitch.wait_for_join(CHANNEL)
    assert "Twitch refuses the channel: Not today. (msg_new); next attempt in" in caplog.text


@pytest.mark.parametrize(
    "notice",
    [
        "@msg-id=slow_on :tmi.twitch.tv NOTICE #xqc :This room is now in slow mode.",
        "@msg-id=msg_banned :tmi.twitch.tv NOTICE #other :You are banned.",
        ":tmi.twitch.tv NOTICE #xqc :Welcome.",
        ":tmi.twitch.tv NOTICE * :Welcome.",
        "@msg-id=msg_banned NOTICE",
    ],
)
async def test_other_notices_do_not_refuse_a_join(
    twitch: ChatServer, listener: Listener, notice: str
) -> None:
    """The reader waits for the confirmation, and gets it."""
    twitch.state.refused_joins[CHANNEL] = JoinRefusal.NON_EXISTENT
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_until(lambda: asked_to_join(twitch), what="the JOIN")
        await twitch.broadcast(f"{notice}\r\n".encode())
        await twitch.broadcast(b"@room-id=1 :tmi.twitch.tv ROOMSTATE #xqc\r\n")
        await until(lambda: listener.outbox.absence() is not None)
        assert len(twitch.history) == 1


async def test_a_reader_in_the_channel_ignores_reasons_that_it_does_not_know(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Only a known one, such as a ban, means that it is not in the channel any more."""
    caplog.set_level(logging.INFO)
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await until(lambda: "in the channel" in caplog.text)
        await session.notify(CHANNEL, "Something new about Ann.", message_id="msg_new")
        await session.notify(CHANNEL, "You are banned.", message_id="msg_banned")
        await twitch.wait_until(lambda: len(twitch.history) == 2, what="a second connection")
    assert "Twitch refuses the channel: You are banned. (msg_banned); reconnecting" in caplog.text
    assert "notice from Twitch: msg_new" in caplog.text
    assert "Ann" not in caplog.text, "no log names chatters"


async def test_the_reader_recovers_from_an_unusable_token_store(
    twitch: ChatServer, listener: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It logs the reason, and rejoins as soon as the file is repaired."""
    twitch.state.tokens["firstaccess"] = "somebot"
    store = tmp_path / "tokenStore.json"
    settings = settings_for(twitch, TWITCH_TOKEN_STORE=str(store))
    with locked_token_store(store) as locked:
        locked.write(TOKEN)
    async with membership_of(settings, listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        store.chmod(0o644)
        await session.close()
        await until(lambda: "chmod 600" in caplog.text)
        store.chmod(0o600)
        await twitch.wait_until(lambda: session.closed, what="the end of the connection")
        (again,) = await twitch.wait_for_join(CHANNEL)
    assert again.account is not None
    assert again.account.login == "somebot"


async def test_a_reader_that_stops_sends_quit(twitch: ChatServer, listener: Listener) -> None:
    """Then the connection is closed."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
    await twitch.wait_until(lambda: session.closed, what="the end of the connection")
    assert session.received[-1] == "QUIT goodbye"


async def test_an_error_of_the_chats_receiver_ends_the_membership(
    twitch: ChatServer, outbox: Outbox
) -> None:
    """The reader ends with it. To connect again would lose chat without a gap record."""

    class Failing(Listener):
        def take(self, chat: list[Received]) -> None:
            for message in messages_in(chat):
                raise OutboxDamagedError(message.message)

    staying = asyncio.create_task(membership(settings_for(twitch), Failing(outbox)).stay())
    await twitch.wait_for_join(CHANNEL)
    await twitch.say(CHANNEL, "hello")
    with pytest.raises(OutboxDamagedError, match="hello"):
        await asyncio.wait_for(staying, 60)


async def test_an_error_at_the_first_settings_ends_the_membership(
    twitch: ChatServer, outbox: Outbox
) -> None:
    """They come before the reader counts as in the channel. It must not connect again for ever."""

    class Failing(Listener):
        def take(self, chat: list[Received]) -> None:
            raise IndexError(str(len(chat)))

    staying = asyncio.create_task(membership(settings_for(twitch), Failing(outbox)).stay())
    with pytest.raises(IndexError, match="1"):
        await asyncio.wait_for(staying, 60)
