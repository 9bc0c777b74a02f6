"""The keeper of the token store when Twitch is away, or says no, or the disk is full."""

from __future__ import annotations

import logging

import msgspec
import pytest

from auth.keeper import TokenKeeper
from common.settings import Settings
from common.token_store import locked_token_store
from simulator.oauth_server import ForcedResponse
from tests.auth.conftest import FullDisk, SettingsFor
from tests.auth.people import PUBLIC_CLIENT_ID
from tests.auth.scene import DUE_S, HOUR_S, LIFE_S, Scene, messages


@pytest.mark.parametrize("status", [500, 503, 429])
def test_while_twitch_is_away_the_token_stays_and_attempts_go_on(
    settings: Settings,
    scene: Scene,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One warning, however long that lasts; then it goes on as if nothing had been."""
    before = scene.put()
    keeper = TokenKeeper(settings, scene.clock, chance=lambda: 1.0)
    scene.clock.now += DUE_S
    scene.twitch.forced = ForcedResponse(status, b"")
    with caplog.at_level(logging.INFO):
        for _ in range(600):
            keeper.step()
            scene.clock.now += 1
        assert scene.stored() == before
        scene.twitch.forced = None
        for _ in range(60):
            keeper.step()
            scene.clock.now += 1
    assert scene.stored_is_valid()
    (warning,) = messages(caplog, logging.WARNING)
    assert str(status) in warning
    assert "stays in use" in warning
    assert messages(caplog, logging.ERROR) == []
    assert "Twitch can be reached again" in messages(caplog, logging.INFO)


def test_a_token_that_ends_while_twitch_is_away_is_said_to_have_ended(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once; and it is renewed when Twitch is back."""
    scene.put()
    keeper = scene.keeper(settings)
    scene.clock.now += LIFE_S
    scene.twitch.forced = ForcedResponse(503, b"")
    for _ in range(5):
        keeper.step()
    (error,) = messages(caplog, logging.ERROR)
    assert "somebot is no longer valid" in error
    scene.twitch.forced = None
    keeper.step()
    assert scene.stored_is_valid()


def test_when_a_person_has_to_log_in_that_is_said_once(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Twitch is left alone then; and a new login is picked up from the store."""
    scene.put()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.twitch.state.disconnect()
    scene.clock.now += DUE_S
    for _ in range(100):
        keeper.step()
        scene.clock.now += 10
    assert scene.calls("token refresh_token") == 1
    first, *others = messages(caplog, logging.ERROR)
    assert "password was changed" in first
    assert "python -m auth login" in first
    assert len(others) <= 1

    scene.put()
    calls = len(scene.twitch.state.calls)
    keeper.step()
    assert scene.twitch.state.calls[calls:] == ["validate"]
    scene.clock.now += DUE_S
    keeper.step()
    assert scene.stored_is_valid()


def test_a_wrong_secret_is_said_once_and_tried_again_later(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The login itself is still good."""
    scene.put()
    keeper = scene.keeper(settings_for(TWITCH_CLIENT_SECRET="wrong"))
    scene.clock.now += DUE_S
    for _ in range(20):
        keeper.step()
        scene.clock.now += 60
    assert scene.calls("token refresh_token") == 2
    (error,) = messages(caplog, logging.ERROR)
    assert "TWITCH_CLIENT_SECRET" in error
    assert "wrong" not in error


def test_another_application_cannot_renew_a_login(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Which is said before Twitch would say something less clear."""
    scene.put()
    scene.clock.now += DUE_S
    scene.keeper(settings_for(TWITCH_CLIENT_ID="another")).step()
    assert "another application than TWITCH_CLIENT_ID" in caplog.text
    assert scene.twitch.state.calls == []


def test_a_login_without_a_refresh_token_cannot_be_renewed(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is used to its end, and the rest is up to a person."""
    token = scene.put()
    with locked_token_store(scene.store) as locked:
        locked.write(msgspec.structs.replace(token, refresh_token=None))
    scene.clock.now += DUE_S
    scene.keeper(settings).step()
    assert "without a refresh token: log in again" in caplog.text


def test_a_login_of_another_account_is_named(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers refuse to use it, too."""
    scene.put()
    keeper = scene.keeper(settings_for(TWITCH_USERNAME="another"))
    for _ in range(3):
        keeper.step()
        scene.clock.now += HOUR_S
    (error,) = messages(caplog, logging.ERROR)
    assert "belongs to somebot, but TWITCH_USERNAME is another" in error


def test_a_renewed_token_that_cannot_be_stored_is_kept_until_it_can(
    public_settings: Settings,
    scene: Scene,
    full_disk: FullDisk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full disk must not cost the login: the old refresh token is worth nothing any more."""
    before = scene.put(PUBLIC_CLIENT_ID)
    keeper = scene.keeper(public_settings)
    scene.clock.now += DUE_S

    with full_disk():
        for _ in range(3):
            keeper.step()
        assert scene.stored() == before
    assert messages(caplog, logging.ERROR) == [
        f"cannot write {scene.store}: No space left on device"
    ]
    keeper.step()
    assert scene.calls("token refresh_token") == 1
    assert scene.stored_is_valid()
    scene.clock.now += DUE_S
    keeper.step()
    assert scene.stored_is_valid()


def test_a_login_goes_before_what_could_not_be_stored(
    settings: Settings,
    scene: Scene,
    full_disk: FullDisk,
) -> None:
    """It is newer."""
    scene.put()
    keeper = scene.keeper(settings)
    scene.clock.now += DUE_S

    with full_disk():
        keeper.step()
    login = scene.put()
    for _ in range(3):
        keeper.step()
    assert scene.stored() == login


def test_a_store_that_cannot_be_used_is_said_once_and_looked_at_again(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody will mend it."""
    scene.put()
    scene.store.chmod(0o644)
    keeper = scene.keeper(settings)
    for _ in range(3):
        keeper.step()
    (error,) = messages(caplog, logging.ERROR)
    assert f"chmod 600 {scene.store}" in error
    scene.store.chmod(0o600)
    keeper.step()
    assert scene.twitch.state.calls == ["validate"]


def test_without_a_login_it_waits_for_one(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Said once; so is the end of a login that was revoked."""
    keeper = scene.keeper(settings)
    for _ in range(3):
        keeper.step()
    assert len(messages(caplog, logging.WARNING)) == 1
    assert "readers are anonymous until `python -m auth login`" in caplog.text
    scene.put()
    keeper.step()
    assert scene.twitch.state.calls == ["validate"]
    scene.store.unlink()
    keeper.step()
    assert len(messages(caplog, logging.WARNING)) == 2
