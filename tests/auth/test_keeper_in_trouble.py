"""The token keeper when Twitch is unreachable or refuses, or the disk is full."""

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
def test_an_unreachable_twitch_is_retried_and_the_token_stays(
    settings: Settings,
    scene: Scene,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is one warning for the whole outage. The token is renewed after it."""
    before = scene.store_login()
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


def test_a_token_that_expires_while_twitch_is_unreachable_is_reported(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once. It is renewed when Twitch can be reached again."""
    scene.store_login()
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


def test_the_need_for_a_new_login_is_logged_once(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The keeper sends no more requests until a new login is in the store."""
    scene.store_login()
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

    scene.store_login()
    calls = len(scene.twitch.state.calls)
    keeper.step()
    assert scene.twitch.state.calls[calls:] == ["validate"]
    scene.clock.now += DUE_S
    keeper.step()
    assert scene.stored_is_valid()


def test_a_wrong_secret_is_logged_once_and_tried_again_later(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The login itself is still valid."""
    scene.store_login()
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
    """The keeper logs it without a request; Twitch's message would be less clear."""
    scene.store_login()
    scene.clock.now += DUE_S
    scene.keeper(settings_for(TWITCH_CLIENT_ID="another")).step()
    assert "another application than TWITCH_CLIENT_ID" in caplog.text
    assert scene.twitch.state.calls == []


def test_a_login_without_a_refresh_token_cannot_be_renewed(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is used until it expires. Then a person must log in again."""
    token = scene.store_login()
    with locked_token_store(scene.store) as locked:
        locked.write(msgspec.structs.replace(token, refresh_token=None))
    scene.clock.now += DUE_S
    scene.keeper(settings).step()
    assert "without a refresh token: log in again" in caplog.text


def test_a_login_of_another_account_is_reported(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers refuse to use it, too."""
    scene.store_login()
    keeper = scene.keeper(settings_for(TWITCH_USERNAME="another"))
    for _ in range(3):
        keeper.step()
        scene.clock.now += HOUR_S
    (error,) = messages(caplog, logging.ERROR)
    assert "belongs to somebot, but TWITCH_USERNAME is another" in error


def test_a_renewed_token_is_kept_in_memory_until_it_can_be_stored(
    public_settings: Settings,
    scene: Scene,
    full_disk: FullDisk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full disk must not lose the login: the old refresh token is no longer valid."""
    before = scene.store_login(PUBLIC_CLIENT_ID)
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


def test_a_new_login_replaces_a_token_that_could_not_be_stored(
    settings: Settings,
    scene: Scene,
    full_disk: FullDisk,
) -> None:
    """The login is newer."""
    scene.store_login()
    keeper = scene.keeper(settings)
    scene.clock.now += DUE_S

    with full_disk():
        keeper.step()
    login = scene.store_login()
    for _ in range(3):
        keeper.step()
    assert scene.stored() == login


def test_an_unusable_store_is_logged_once_and_checked_again(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody may correct its mode."""
    scene.store_login()
    scene.store.chmod(0o644)
    keeper = scene.keeper(settings)
    for _ in range(3):
        keeper.step()
    (error,) = messages(caplog, logging.ERROR)
    assert f"chmod 600 {scene.store}" in error
    scene.store.chmod(0o600)
    keeper.step()
    assert scene.twitch.state.calls == ["validate"]


def test_without_a_login_the_keeper_waits_for_one(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It warns once, and once more when a login is removed."""
    keeper = scene.keeper(settings)
    for _ in range(3):
        keeper.step()
    assert len(messages(caplog, logging.WARNING)) == 1
    assert "readers are anonymous until `python -m auth login`" in caplog.text
    scene.store_login()
    keeper.step()
    assert scene.twitch.state.calls == ["validate"]
    scene.store.unlink()
    keeper.step()
    assert len(messages(caplog, logging.WARNING)) == 2
