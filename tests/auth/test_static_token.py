"""The checks of a static token."""

from __future__ import annotations

import logging

import pytest

from auth.static_token import StaticToken
from auth.status_page import AuthPage
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.clock import Clock
from tests.auth.conftest import SettingsFor
from tests.auth.people import log_in
from tests.auth.scene import messages

DAY_S = 86_400


def new_static_token(
    settings_for: SettingsFor, twitch: OAuthServer, clock: Clock, **more: str
) -> StaticToken:
    """Return a StaticToken that checks a new token."""
    access_token, _ = log_in(twitch)
    settings = settings_for(TWITCH_OAUTH_TOKEN=f"oauth:{access_token}", **more)
    return StaticToken(settings, AuthPage(settings.state_dir, clock), clock)


def test_warnings_come_7_days_and_1_day_before_expiry(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once each. The expiry itself is logged as an error."""
    twitch.state.token_life_s = 60 * DAY_S
    static = new_static_token(settings_for, twitch, clock)
    warned_at: list[float] = []
    for hour in range(61 * 24):
        static.step()
        if len(messages(caplog, logging.WARNING)) > len(warned_at):
            warned_at.append(hour / 24)
        clock.now += 3600
    assert warned_at == [53, 59]
    assert "expires in 7 days" in messages(caplog, logging.WARNING)[0]
    assert "auth generate-token --write`" in messages(caplog, logging.WARNING)[0]
    (error,) = messages(caplog, logging.ERROR)
    assert "TWITCH_OAUTH_TOKEN is not valid" in error
    assert 60 * 24 <= twitch.state.calls.count("validate") <= 60 * 24 + 1


def test_a_token_with_hours_left_is_warned_about_once(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both warnings are due; one is enough."""
    static = new_static_token(settings_for, twitch, clock)
    for _ in range(3):
        static.step()
    (warning,) = messages(caplog, logging.WARNING)
    assert "expires in 4 hours" in warning


def test_a_token_that_does_not_expire_is_not_warned_about(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Twitch sends an expires_in of 0 for such old tokens."""
    twitch.forced = ForcedResponse(
        200,
        b'{"client_id": "x", "login": "somebot", "user_id": "1", "expires_in": 0,'
        b' "scopes": ["chat:read"]}',
    )
    new_static_token(settings_for, twitch, clock).step()
    assert messages(caplog, logging.WARNING) == []


def test_a_token_of_another_account_is_reported_once(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers refuse to use it."""
    static = new_static_token(settings_for, twitch, clock, TWITCH_USERNAME="another")
    for _ in range(2):
        static.step()
        clock.now += 3600
    (error,) = messages(caplog, logging.ERROR)
    assert "belongs to somebot, but TWITCH_USERNAME is another" in error


def test_a_token_that_cannot_read_chat_is_reported(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Twitch's chat server would only report a failed login."""
    static = new_static_token(settings_for, twitch, clock)
    for issued in twitch.state.valid_tokens.issued.values():
        issued.grant.scopes = ["bits:read"]
    static.step()
    assert "lacks the scope chat:read" in caplog.text


def test_an_unreachable_twitch_is_asked_again(
    settings_for: SettingsFor,
    twitch: OAuthServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After a pause, with one warning for the outage."""
    static = new_static_token(settings_for, twitch, clock)
    twitch.forced = ForcedResponse(503, b"")
    with caplog.at_level(logging.INFO):
        for _ in range(300):
            static.step()
            clock.now += 1
        twitch.forced = None
        clock.now += 60
        static.step()
    assert sum("503" in text for text in messages(caplog, logging.WARNING)) == 1
    assert "TWITCH_OAUTH_TOKEN is a valid token of somebot" in caplog.text
