"""What `python -m auth status` says, and `python -m auth revoke` does."""

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


def said_by_status(settings: Settings, scene: Scene, *, good: bool) -> str:
    """Return what is said, and that it is *good* or not."""
    said: list[str] = []
    assert status(settings, said.append, scene.clock) is good
    return "\n".join(said)


def test_the_status_of_a_stored_login(settings: Settings, scene: Scene) -> None:
    """Login, scopes, expiry and source; never the token."""
    token = scene.put()
    text = said_by_status(settings, scene, good=True)
    assert str(scene.store) in text
    assert "somebot" in text
    assert "chat:read" in text
    assert "2023-11-1" in text  # the day, in some time zone
    assert "in 4 hours" in text
    assert token.access_token not in text
    assert token.refresh_token is not None
    assert token.refresh_token not in text


def test_the_status_of_a_static_token(settings_for: SettingsFor, scene: Scene) -> None:
    """It says where the token is from, and that nothing renews it."""
    static, _ = log_in(scene.twitch)
    text = said_by_status(settings_for(TWITCH_OAUTH_TOKEN=static), scene, good=True)
    assert "TWITCH_OAUTH_TOKEN, which is not renewed automatically" in text
    assert "somebot" in text
    assert static not in text


def test_the_status_without_any_token(settings: Settings, scene: Scene) -> None:
    """That is fine, too, and Twitch need not be asked."""
    assert "anonymous" in said_by_status(settings, scene, good=True)
    assert scene.twitch.state.calls == []


def test_the_status_of_a_login_that_has_ended(settings: Settings, scene: Scene) -> None:
    """What was stored, and what is wrong with it."""
    scene.put()
    scene.clock.now += LIFE_S
    text = said_by_status(settings, scene, good=False)
    assert "stored   as somebot, until 2023" in text
    assert "problem  Twitch says 'invalid access token'" in text


def test_the_status_of_a_login_of_another_account(settings_for: SettingsFor, scene: Scene) -> None:
    """It is valid, and yet not what is asked for."""
    scene.put()
    text = said_by_status(settings_for(TWITCH_USERNAME="another"), scene, good=False)
    assert "problem  the token belongs to somebot" in text


def test_the_status_while_twitch_is_away(settings: Settings, scene: Scene) -> None:
    """Nobody knows, then."""
    scene.put()
    scene.twitch.forced = ForcedResponse(503, b"")
    assert "problem  Twitch returned status 503" in said_by_status(settings, scene, good=False)


def test_the_status_of_a_store_that_others_can_read(settings: Settings, scene: Scene) -> None:
    """It is refused here as everywhere."""
    scene.put()
    scene.store.chmod(0o644)
    with pytest.raises(TokenStoreError, match="chmod 600"):
        status(settings, print, scene.clock)


def revoked(settings: Settings) -> str:
    """Return what is said when the token is revoked."""
    said: list[str] = []
    revoke_token(settings, said.append)
    return "\n".join(said)


def test_a_stored_login_is_revoked_and_forgotten(settings: Settings, scene: Scene) -> None:
    """Twitch does not take the token any more, and the store is gone."""
    token = scene.put()
    text = revoked(settings)
    assert token.access_token not in scene.twitch.state.valid_tokens
    assert read_token(scene.store) is None
    assert "somebot is revoked" in text
    assert "is removed" in text


def test_a_login_that_has_ended_is_forgotten(settings: Settings, scene: Scene) -> None:
    """There is nothing to revoke."""
    scene.put()
    scene.clock.now += LIFE_S
    assert "was already invalid" in revoked(settings)
    assert read_token(scene.store) is None


def test_a_login_is_kept_when_twitch_cannot_be_told(settings: Settings, scene: Scene) -> None:
    """It can be tried again."""
    token = scene.put()
    scene.twitch.forced = ForcedResponse(503, b"")
    with pytest.raises(TwitchUnreachableError):
        revoked(settings)
    assert read_token(scene.store) == token


def test_a_static_token_is_revoked(settings_for: SettingsFor, scene: Scene) -> None:
    """By the application that it was issued to; the setting is a person's."""
    static, _ = log_in(scene.twitch, "publicclient")
    settings = settings_for(TWITCH_OAUTH_TOKEN=static)
    assert "Remove TWITCH_OAUTH_TOKEN" in revoked(settings)
    assert static not in scene.twitch.state.valid_tokens
    assert "was already invalid" in revoked(settings)


def test_without_a_token_there_is_nothing_to_revoke(settings: Settings) -> None:
    """That is no error."""
    assert "There is no token" in revoked(settings)
