"""`python -m auth status` and `python -m auth revoke`."""

from __future__ import annotations

import pytest

from auth.errors import TwitchUnreachableError
from auth.revoke import revoke_token
from auth.status import status
from common.settings import Settings
from common.token_store import TokenStoreError, read_token
from simulator.oauth_server import ForcedResponse
from tests.auth.conftest import SettingsFor
from tests.auth.people import log_in
from tests.auth.scene import LIFE_S, Scene


def printed_by_status(settings: Settings, scene: Scene, *, good: bool) -> str:
    """Return what `status` prints, and check that it returns *good*."""
    printed: list[str] = []
    assert status(settings, printed.append, scene.clock) is good
    return "\n".join(printed)


def test_the_status_shows_a_stored_login(settings: Settings, scene: Scene) -> None:
    """Login, scopes, expiry and source; never the token."""
    token = scene.store_login()
    text = printed_by_status(settings, scene, good=True)
    assert str(scene.store) in text
    assert "somebot" in text
    assert "chat:read" in text
    assert "2023-11-1" in text  # the day depends on the time zone
    assert "in 4 hours" in text
    assert token.access_token not in text
    assert token.refresh_token is not None
    assert token.refresh_token not in text


def test_the_status_shows_a_static_token(settings_for: SettingsFor, scene: Scene) -> None:
    """It names the setting, and says that the token is not renewed."""
    static, _ = log_in(scene.twitch)
    text = printed_by_status(settings_for(TWITCH_OAUTH_TOKEN=static), scene, good=True)
    assert "TWITCH_OAUTH_TOKEN, which is not renewed automatically" in text
    assert "somebot" in text
    assert static not in text


def test_the_status_without_a_token_is_good(settings: Settings, scene: Scene) -> None:
    """Readers are anonymous. No request is sent to Twitch."""
    printed = printed_by_status(settings, scene, good=True)
    assert "anonymous" in printed
    assert f"there is no {settings.twitch_token_store}, and TWITCH_OAUTH_TOKEN is not" in printed
    assert scene.twitch.state.calls == []


def test_the_status_of_an_expired_login_is_bad(settings: Settings, scene: Scene) -> None:
    """It shows the stored login and the problem."""
    scene.store_login()
    scene.clock.now += LIFE_S
    text = printed_by_status(settings, scene, good=False)
    assert "stored   as somebot, until 2023" in text
    assert "problem  Twitch says 'invalid access token'" in text


def test_the_status_of_a_login_of_another_account_is_bad(
    settings_for: SettingsFor, scene: Scene
) -> None:
    """The token is valid, but belongs to another account."""
    scene.store_login()
    text = printed_by_status(settings_for(TWITCH_USERNAME="another"), scene, good=False)
    assert "problem  the token belongs to somebot" in text


def test_the_status_while_twitch_is_unreachable_is_bad(settings: Settings, scene: Scene) -> None:
    """The token cannot be checked."""
    scene.store_login()
    scene.twitch.forced = ForcedResponse(503, b"")
    assert "responded with status 503" in printed_by_status(settings, scene, good=False)


def test_the_status_refuses_a_store_that_others_can_read(settings: Settings, scene: Scene) -> None:
    """As all other programs do."""
    scene.store_login()
    scene.store.chmod(0o644)
    with pytest.raises(TokenStoreError, match="chmod 600"):
        status(settings, print, scene.clock)


def printed_by_revoke(settings: Settings) -> str:
    """Revoke the token, and return what is printed."""
    printed: list[str] = []
    revoke_token(settings, printed.append)
    return "\n".join(printed)


def test_a_stored_login_is_revoked_and_removed(settings: Settings, scene: Scene) -> None:
    """Twitch no longer accepts the token, and the store is deleted."""
    token = scene.store_login()
    text = printed_by_revoke(settings)
    assert token.access_token not in scene.twitch.state.valid_tokens
    assert read_token(scene.store) is None
    assert "somebot is revoked" in text
    assert "is removed" in text


def test_an_expired_login_is_removed(settings: Settings, scene: Scene) -> None:
    """There is nothing to revoke."""
    scene.store_login()
    scene.clock.now += LIFE_S
    assert "was already invalid" in printed_by_revoke(settings)
    assert read_token(scene.store) is None


def test_a_login_is_kept_when_twitch_is_unreachable(settings: Settings, scene: Scene) -> None:
    """The user can try again."""
    token = scene.store_login()
    scene.twitch.forced = ForcedResponse(503, b"")
    with pytest.raises(TwitchUnreachableError):
        printed_by_revoke(settings)
    assert read_token(scene.store) == token


def test_a_static_token_is_revoked(settings_for: SettingsFor, scene: Scene) -> None:
    """By the application that it was issued to. The user must remove the setting."""
    static, _ = log_in(scene.twitch, "publicclient")
    settings = settings_for(TWITCH_OAUTH_TOKEN=static)
    assert "Remove TWITCH_OAUTH_TOKEN" in printed_by_revoke(settings)
    assert static not in scene.twitch.state.valid_tokens
    assert "was already invalid" in printed_by_revoke(settings)


def test_without_a_token_there_is_nothing_to_revoke(settings: Settings) -> None:
    """That is not an error."""
    assert "There is no token" in printed_by_revoke(settings)
