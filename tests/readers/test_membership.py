"""How a reader gets into its channel, and out of it: the real client at the simulator, over TLS."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from readers.twitch import pydle_client
from readers.twitch.credentials import Credentials
from simulator.chat_server import ChatServer, JoinRefusal
from tests.common.store_writers import TOKEN
from tests.readers.memberships import (
    CHANNEL,
    Listener,
    membership_of,
    settings_for,
)
from tests.readers.polling import until


async def test_an_anonymous_reader_asks_for_tags_and_joins(
    twitch: ChatServer, listener: Listener
) -> None:
    """It sends CAP REQ, then NICK justinfan..., no PASS, and hears what is said."""
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
    """PASS goes before NICK, and the token is the server's to judge."""
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


async def test_a_certificate_that_is_not_trusted_is_refused(
    twitch: ChatServer,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader does not log in, says why, and tries again; once it is trusted, it gets in."""
    authority = os.environ["SSL_CERT_FILE"]
    monkeypatch.delenv("SSL_CERT_FILE")
    pydle_client._tls_context.cache_clear()
    with caplog.at_level(logging.WARNING):
        async with membership_of(settings_for(twitch), listener):
            await until(lambda: caplog.text.count("CERTIFICATE_VERIFY_FAILED") >= 2)
            assert not any(session.received for session in twitch.history)
            monkeypatch.setenv("SSL_CERT_FILE", authority)
            await twitch.wait_for_join(CHANNEL)


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
    twitch: ChatServer,
    listener: Listener,
    refusal: JoinRefusal,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One error however often it fails, and the reader joins once the channel lets it."""
    twitch.state.refused_joins[CHANNEL] = refusal
    with caplog.at_level(logging.INFO):
        async with membership_of(settings_for(twitch), listener):
            await twitch.wait_until(lambda: len(twitch.history) >= 3, what="three attempts")
            twitch.state.refused_joins.clear()
            await twitch.wait_for_join(CHANNEL)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert text in errors[0]


async def test_a_login_that_is_refused_is_said_once_and_tried_again(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """With the credentials as they are at each attempt; the token stays out of the log."""
    twitch.state.tokens["newtoken"] = "somebot"
    token = "oldtoken"
    with caplog.at_level(logging.DEBUG):
        async with membership_of(
            settings_for(twitch), listener, log_in_as=lambda: Credentials("somebot", token)
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
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The token may just have been renewed: it is asked for again before anything is reported."""
    twitch.state.tokens["newtoken"] = "somebot"
    tokens = ["oldtoken", "newtoken"]
    with caplog.at_level(logging.INFO):
        async with membership_of(
            settings_for(twitch),
            listener,
            log_in_as=lambda: Credentials("somebot", tokens.pop(0)),
        ):
            await twitch.wait_for_join(CHANNEL)
    assert len(twitch.history) == 2
    assert "Login authentication failed" in caplog.text
    assert not any(record.levelno >= logging.WARNING for record in caplog.records)


async def test_a_token_of_another_account_is_named_as_the_reason(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Twitch lets it in under its own name; we do not read as somebody else."""
    twitch.state.tokens["sometoken"] = "somebot"
    settings = settings_for(twitch, TWITCH_USERNAME="other", TWITCH_OAUTH_TOKEN="oauth:sometoken")
    async with membership_of(settings, listener):
        await until(lambda: "belongs to somebot, but TWITCH_USERNAME is other" in caplog.text)
    assert not any("JOIN" in line for session in twitch.history for line in session.received)


async def test_a_token_store_that_becomes_unusable_is_reported_and_recovered_from(
    twitch: ChatServer, listener: Listener, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader goes on trying, and is there as soon as somebody has mended it."""
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


async def test_a_reader_that_stops_says_goodbye(twitch: ChatServer, listener: Listener) -> None:
    """QUIT, and the connection is closed."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
    await twitch.wait_until(lambda: session.closed, what="the end of the connection")
    assert session.received[-1] == "QUIT goodbye"
