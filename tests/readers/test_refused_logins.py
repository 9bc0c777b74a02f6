"""What a reader does when Twitch refuses its login: the real client and the simulator."""

from __future__ import annotations

import logging

import pytest

from readers.twitch.credentials import Credentials
from simulator.chat_server import ChatServer
from tests.readers.memberships import CHANNEL, Listener, errors_in, membership_of, settings_for
from tests.readers.polling import until


async def test_a_refused_login_is_logged_once_and_retried(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attempt reads the credentials again. The token stays out of the log."""
    twitch.state.tokens["newtoken"] = "somebot"
    token = "oldtoken"
    with caplog.at_level(logging.DEBUG):
        async with membership_of(
            settings_for(twitch), listener, log_in_as=lambda: Credentials("somebot", token)
        ):
            await twitch.wait_until(lambda: len(twitch.history) >= 3, what="three attempts")
            token = "newtoken"
            await twitch.wait_for_join(CHANNEL)
    errors = errors_in(caplog)
    assert len(errors) == 1
    assert "Login authentication failed" in errors[0]
    assert "oldtoken" not in caplog.text
    assert "newtoken" not in caplog.text


async def test_a_single_refused_login_is_not_logged_as_an_error(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The token may just have been renewed: it is read again before an error is logged."""
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


async def test_the_second_refused_login_in_a_row_is_logged_as_an_error(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that was read again was not just renewed."""
    twitch.state.tokens["newtoken"] = "somebot"
    tokens = ["oldtoken", "oldtoken", "newtoken"]
    async with membership_of(
        settings_for(twitch), listener, log_in_as=lambda: Credentials("somebot", tokens.pop(0))
    ):
        await twitch.wait_for_join(CHANNEL)
    assert len(errors_in(caplog)) == 1


async def test_refused_logins_are_counted_anew_after_a_login(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """The token may have been renewed again: a single refusal is no error then, either."""
    caplog.set_level(logging.INFO)
    twitch.state.tokens["newtoken"] = "somebot"
    tokens = ["oldtoken", "newtoken", "oldtoken", "newtoken"]
    async with membership_of(
        settings_for(twitch), listener, log_in_as=lambda: Credentials("somebot", tokens.pop(0))
    ):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await until(lambda: "in the channel" in caplog.text)
        await session.close()
        await until(lambda: caplog.text.count("in the channel") == 2)
    assert caplog.text.count("Login authentication failed; next attempt") == 2
    assert not errors_in(caplog)


async def test_a_token_of_another_account_is_logged_as_the_reason(
    twitch: ChatServer, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """Twitch accepts the login under the token's own name. The reader does not join with it."""
    twitch.state.tokens["sometoken"] = "somebot"
    settings = settings_for(twitch, TWITCH_USERNAME="other", TWITCH_OAUTH_TOKEN="oauth:sometoken")
    async with membership_of(settings, listener):
        await until(lambda: "belongs to somebot, but TWITCH_USERNAME is other" in caplog.text)
    assert not any("JOIN" in line for session in twitch.history for line in session.received)
