"""The device login, for a machine without a browser."""

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
from common.token_store import StoredToken, TokenStoreError, read_token
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.clock import Clock
from tests.auth.conftest import SettingsFor


class Device:
    """A device that logs in, and a person who acts before a chosen request."""

    def __init__(self, twitch: OAuthServer, clock: Clock) -> None:
        self.twitch = twitch
        self.clock = clock
        self.printed: list[str] = []
        #: The seconds of each wait.
        self.waits: list[float] = []
        #: The person's decision, or Twitch's forced response, before the n-th request.
        self.acts: dict[int, bool | ForcedResponse | None] = {}

    def log_in(self, settings: Settings) -> StoredToken:
        """Log in, and return the stored token."""
        return log_in_with_device_code(settings, self.printed.append, self.clock, self._sleep)

    def user_code(self) -> str:
        """Return the code that the device shows."""
        return self.printed[1].split("the code ")[1].split(" ")[0]

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
    """It prints the address and the code, and sends requests at Twitch's interval."""
    device.acts[3] = True
    token = device.log_in(settings_for())
    assert token == read_token(store)
    assert token.login == "somebot"
    assert device.waits == [5, 5, 5]
    assert f"/activate?device-code={device.user_code()}" in device.printed[0]


def test_a_public_application_needs_no_secret(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """It gets a refresh token."""
    device.acts[1] = True
    device.log_in(settings_for(TWITCH_CLIENT_ID="publicclient", TWITCH_CLIENT_SECRET=""))
    token = read_token(store)
    assert token is not None
    assert token.client_id == "publicclient"
    assert token.refresh_token


def test_a_device_slows_down_when_twitch_asks_for_it(
    settings_for: SettingsFor, device: Device
) -> None:
    """By five seconds, for all further requests."""
    device.acts = {2: ForcedResponse(400, b'{"status": 400, "message": "slow_down"}'), 4: True}
    device.log_in(settings_for())
    assert device.waits == [5, 5, 5 + SLOWER_BY_S, 5 + SLOWER_BY_S]


def test_a_device_waits_longer_while_twitch_is_unreachable(
    settings_for: SettingsFor, device: Device
) -> None:
    """The login does not fail."""
    device.acts = {1: ForcedResponse(503, b""), 2: ForcedResponse(503, b""), 3: True}
    assert device.log_in(settings_for()).login == "somebot"
    assert device.waits == [5, 10, 15]


def test_a_device_gives_up_after_failures_in_a_row(
    settings_for: SettingsFor, device: Device
) -> None:
    """A person waits for it, and should know what responds in Twitch's place."""
    page = ForcedResponse(200, b"<html>", kind="text/html")
    device.acts = {1: page, 2: page, 4: page, 5: page, 6: page, 7: page, 8: page}
    with pytest.raises(TwitchUnreachableError, match=r"not OAuth \(text/html"):
        device.log_in(settings_for())
    assert len(device.waits) == 8


def test_a_store_that_cannot_be_written_is_reported_first(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """Before a person is asked to authorize the device."""
    store.mkdir()
    with pytest.raises(TokenStoreError, match="is not a file"):
        device.log_in(settings_for())
    assert device.printed == []


def test_a_denied_device_login_fails(
    settings_for: SettingsFor, device: Device, store: Path
) -> None:
    """Nothing is stored."""
    device.acts[1] = False
    with pytest.raises(GrantRefusedError, match="Cancel"):
        device.log_in(settings_for())
    assert read_token(store) is None


def test_an_unused_code_expires(settings_for: SettingsFor, device: Device) -> None:
    """At the time that Twitch has set, not before and not much later."""
    began = device.clock.now
    with pytest.raises(LoginFailedError, match="within 30 min: start again"):
        device.log_in(settings_for())
    assert 1790 <= device.clock.now - began <= 1800


def test_a_code_that_twitch_calls_invalid_ends_the_login(
    settings_for: SettingsFor, device: Device
) -> None:
    """Twitch says this of expired and of used codes."""
    device.acts[1] = ForcedResponse(400, b'{"status": 400, "message": "invalid device code"}')
    with pytest.raises(GrantRefusedError, match="expired, was denied, or was already used"):
        device.log_in(settings_for())


def test_an_unknown_application_is_reported(settings_for: SettingsFor, device: Device) -> None:
    """Before an address is printed."""
    with pytest.raises(ApplicationRefusedError, match="TWITCH_CLIENT_ID"):
        device.log_in(settings_for(TWITCH_CLIENT_ID="unknown"))
    assert device.printed == []


def test_an_application_is_required(settings_for: SettingsFor, device: Device) -> None:
    """At least its client id."""
    with pytest.raises(SettingsError, match="TWITCH_CLIENT_ID is not set"):
        device.log_in(settings_for(TWITCH_CLIENT_ID=""))


def test_an_unreachable_twitch_at_the_start_is_reported(
    settings_for: SettingsFor, device: Device
) -> None:
    """The person at the terminal can try again."""
    device.twitch.forced = ForcedResponse(503, b"")
    with pytest.raises(TwitchUnreachableError, match="status 503"):
        device.log_in(settings_for())
