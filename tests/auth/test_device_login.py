"""The login of a machine without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from auth.device_login import SLOWER_BY_S, log_in_with_device_code
from auth.errors import (
    ApplicationRefusedError,
    GrantRefusedError,
    LoginFailedError,
    TwitchUnreachableError,
)
from common.settings import Settings, SettingsError
from common.token_store import StoredToken, read_token
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.clock import Clock
from tests.auth.conftest import SettingsFor


class Device:
    """A device that logs in, and a person who acts when it has asked so many times."""

    def __init__(self, twitch: OAuthServer, clock: Clock) -> None:
        self.twitch = twitch
        self.clock = clock
        self.said: list[str] = []
        #: How long it waited, each time.
        self.waits: list[float] = []
        #: What happens before its n-th question.
        self.acts: dict[int, bool | ForcedResponse | None] = {}

    def log_in(self, settings: Settings) -> StoredToken:
        """Log in."""
        return log_in_with_device_code(settings, self.said.append, self.clock, self._sleep)

    def user_code(self) -> str:
        """Return the code that the device shows."""
        return self.said[1].split("the code ")[1].split(" ")[0]

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.now += seconds
        match self.acts.get(len(self.waits)):
            case bool(allowed):
                self.twitch.forced = None
                self.twitch.state.decide_device(self.user_code(), allowed=allowed)
            case forced:
                self.twitch.forced = forced


@pytest.fixture
def device(twitch: OAuthServer, clock: Clock) -> Device:
    """Return a device."""
    return Device(twitch, clock)


def test_a_device_logs_in_once_it_is_authorized(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """The address and the code are said; Twitch is asked at its interval."""
    device.acts[3] = True
    token = device.log_in(settings_for())
    assert token == read_token(store)
    assert token.login == "somebot"
    assert device.waits == [5, 5, 5]
    assert f"/activate?device-code={device.user_code()}" in device.said[0]


def test_a_public_application_needs_no_secret(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """And gets a refresh token."""
    device.acts[1] = True
    device.log_in(settings_for(TWITCH_CLIENT_ID="publicclient", TWITCH_CLIENT_SECRET=""))
    token = read_token(store)
    assert token is not None
    assert token.client_id == "publicclient"
    assert token.refresh_token


def test_a_device_that_is_told_to_slow_down_does(settings_for: SettingsFor, device: Device) -> None:
    """By five seconds, for good."""
    device.acts = {2: ForcedResponse(400, b'{"message": "slow_down"}'), 4: True}
    device.log_in(settings_for())
    assert device.waits == [5, 5, 5 + SLOWER_BY_S, 5 + SLOWER_BY_S]


def test_a_device_waits_longer_while_twitch_is_away(
    settings_for: SettingsFor, device: Device
) -> None:
    """It does not give up because of that."""
    device.acts = {1: ForcedResponse(503, b""), 2: ForcedResponse(503, b""), 3: True}
    assert device.log_in(settings_for()).login == "somebot"
    assert device.waits == [5, 10, 15]


def test_a_device_that_is_denied_has_failed(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """Nothing is stored."""
    device.acts[1] = False
    with pytest.raises(GrantRefusedError, match="Cancel"):
        device.log_in(settings_for())
    assert read_token(store) is None


def test_a_code_that_nobody_uses_ends(settings_for: SettingsFor, device: Device) -> None:
    """When Twitch says that it does, not before and not much later."""
    began = device.clock.now
    with pytest.raises(LoginFailedError, match="within 30 min: start again"):
        device.log_in(settings_for())
    assert 1790 <= device.clock.now - began <= 1800


def test_a_code_that_twitch_has_forgotten_ends_too(
    settings_for: SettingsFor, device: Device
) -> None:
    """It says that it is invalid, be it expired or used."""
    device.acts[1] = ForcedResponse(400, b'{"status": 400, "message": "invalid device code"}')
    with pytest.raises(GrantRefusedError, match="expired, was denied, or was already used"):
        device.log_in(settings_for())


def test_an_unknown_application_is_named(settings_for: SettingsFor, device: Device) -> None:
    """Before anybody is asked to go anywhere."""
    with pytest.raises(ApplicationRefusedError, match="TWITCH_CLIENT_ID"):
        device.log_in(settings_for(TWITCH_CLIENT_ID="unknown"))
    assert device.said == []


def test_an_application_is_needed(settings_for: SettingsFor, device: Device) -> None:
    """Its id at least."""
    with pytest.raises(SettingsError, match="TWITCH_CLIENT_ID is not set"):
        device.log_in(settings_for(TWITCH_CLIENT_ID=""))


def test_a_twitch_that_is_away_from_the_start_is_said_to_be(
    settings_for: SettingsFor, device: Device
) -> None:
    """A person is there, who can try again."""
    device.twitch.forced = ForcedResponse(503, b"")
    with pytest.raises(TwitchUnreachableError, match="try again later"):
        device.log_in(settings_for())
