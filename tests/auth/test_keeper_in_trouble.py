"""The token keeper when Twitch refuses, or the store cannot be used."""

from __future__ import annotations

import logging

import msgspec
import pytest

from common.settings import Settings
from common.token_store import locked_token_store
from tests.auth.conftest import SettingsFor
from tests.auth.people import PUBLIC_CLIENT_ID
from tests.auth.scene import DUE_S, HOUR_S, Scene, messages


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
    assert "auth login`" in first
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


def test_a_login_is_not_renewed_while_it_could_not_be_stored(
    public_settings: Settings, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """The refresh token of a Public application can be used once. One line says why."""
    before = scene.store_login(PUBLIC_CLIENT_ID)
    keeper = scene.keeper(public_settings)
    keeper.step()
    scene.clock.now += DUE_S
    lock = scene.store.with_name(f"{scene.store.name}.lock")
    lock.unlink()
    lock.mkdir()
    for _ in range(3):
        keeper.step()
    assert scene.calls("token refresh_token") == 0
    assert scene.stored() == before
    (error,) = messages(caplog, logging.ERROR)
    assert "the login of somebot is not renewed while it could not be stored: cannot write" in error
    lock.rmdir()
    keeper.step()
    assert scene.calls("token refresh_token") == 1
    assert scene.stored_is_valid()


def test_a_response_without_a_refresh_token_leaves_the_old_one(
    settings: Settings, scene: Scene
) -> None:
    """RFC 6749, section 6: it is still valid."""
    before = scene.store_login()
    scene.twitch.state.repeats_refresh_token = False
    for _ in range(3):
        scene.clock.now += DUE_S
        scene.keeper(settings).step()
        assert scene.stored_is_valid()
        assert scene.stored().refresh_token == before.refresh_token
    assert scene.calls("token refresh_token") == 3


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
    scene.store.chmod(0o644)
    keeper.step()
    assert len(messages(caplog, logging.ERROR)) == 2


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
    assert "auth login`" in caplog.text
    scene.store_login()
    keeper.step()
    assert scene.twitch.state.calls == ["validate"]
    scene.store.unlink()
    keeper.step()
    assert len(messages(caplog, logging.WARNING)) == 2
