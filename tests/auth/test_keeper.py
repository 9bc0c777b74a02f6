"""The token keeper, step by step, with a clock that the tests set."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from auth.keeper import TokenKeeper
from common.settings import Settings
from common.token_store import StoredToken, read_token
from tests.auth.conftest import SettingsFor
from tests.auth.people import PUBLIC_CLIENT_ID, log_in
from tests.auth.scene import DUE_S, HOUR_S, LIFE_S, Scene


def test_a_token_is_validated_at_the_start_and_every_hour(settings: Settings, scene: Scene) -> None:
    """As Twitch requires, and not more often."""
    scene.store_login()
    keeper = scene.keeper(settings)
    for _ in range(3 * 60):
        keeper.step()
        scene.clock.now += 60
    assert scene.twitch.state.calls == ["validate"] * 3


def test_a_token_is_renewed_before_each_expiry(settings: Settings, scene: Scene) -> None:
    """The stored token is valid at any moment of two days."""
    scene.store_login()
    keeper = scene.keeper(settings)
    for _ in range(48 * 12):
        keeper.step()
        assert scene.stored_is_valid()
        scene.clock.now += 300
    renewals = scene.calls("token refresh_token")
    assert renewals == int(48 * HOUR_S / DUE_S)
    # A step that renews does not validate; the validation follows in the next step.
    assert 46 <= scene.calls("validate") <= 48


def test_a_token_is_not_renewed_a_second_too_early(settings: Settings, scene: Scene) -> None:
    """It is renewed exactly when the last tenth of its life begins."""
    before = scene.store_login()
    keeper = scene.keeper(settings)
    scene.clock.now += DUE_S - 1
    keeper.step()
    assert scene.stored() == before
    scene.clock.now += 1
    keeper.step()
    renewed = scene.stored()
    assert renewed.access_token != before.access_token
    assert renewed.obtained_at == scene.clock()
    assert renewed.expires_at == scene.clock() + LIFE_S
    assert (renewed.login, renewed.scopes) == (before.login, before.scopes)


@pytest.mark.parametrize(("chance", "before_s"), [(0.0, 0.1 * LIFE_S), (1.0, 0.15 * LIFE_S)])
def test_the_jitter_moves_a_renewal_forward(
    settings: Settings, scene: Scene, chance: float, before_s: float
) -> None:
    """Logins that were made together are not renewed together. Each renewal has its own jitter."""
    scene.store_login()
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: chance)
    keeper.step()
    for renewals in (1, 2):
        scene.clock.now += LIFE_S - before_s - 1
        keeper.step()
        assert scene.calls("token refresh_token") == renewals - 1
        scene.clock.now += 1
        keeper.step()
        assert scene.calls("token refresh_token") == renewals


def test_a_life_that_twitch_has_shortened_counts(settings: Settings, scene: Scene) -> None:
    """What /validate says is newer than the store."""
    before = scene.store_login()
    scene.twitch.state.valid_tokens.issued[before.access_token].expires_at = scene.clock() + 30
    keeper = scene.keeper(settings)
    keeper.step()
    assert scene.stored() == before
    scene.clock.now += LIFE_S / 2
    keeper.step()
    assert scene.stored_is_valid()


def test_a_keeper_that_starts_late_renews_an_expired_token(
    settings: Settings, scene: Scene
) -> None:
    """The refresh token outlives the access token."""
    scene.store_login()
    scene.clock.now += 20 * HOUR_S
    scene.keeper(settings).step()
    assert scene.stored_is_valid()


def test_a_token_that_was_revoked_elsewhere_is_renewed(settings: Settings, scene: Scene) -> None:
    """The next validation detects it."""
    before = scene.store_login()
    del scene.twitch.state.valid_tokens[before.access_token]
    keeper = scene.keeper(settings)
    keeper.step()
    keeper.step()
    assert scene.stored_is_valid()


def test_a_public_application_uses_each_new_refresh_token(
    public_settings: Settings, scene: Scene
) -> None:
    """Each can be used once, and no secret is needed."""
    scene.store_login(PUBLIC_CLIENT_ID)
    used = set()
    for _ in range(5):
        used.add(scene.stored().refresh_token)
        # A new keeper each time: it must read the refresh token from the store.
        scene.clock.now += DUE_S
        scene.keeper(public_settings).step()
        assert scene.stored_is_valid()
    assert len(used) == 5


def test_a_store_alone_suffices_for_a_public_application(
    settings_for: SettingsFor, scene: Scene
) -> None:
    """The store contains the client id."""
    before = scene.store_login(PUBLIC_CLIENT_ID)
    scene.clock.now += DUE_S
    scene.keeper(settings_for(TWITCH_CLIENT_ID="", TWITCH_CLIENT_SECRET="")).step()
    assert scene.stored() != before


def test_a_login_that_is_made_during_a_renewal_is_not_overwritten(
    settings: Settings, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper reads the store again under the lock; here the login follows its first read."""
    scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.clock.now += DUE_S

    def read_before_login(path: Path) -> StoredToken | None:
        found = read_token(path)
        scene.store_login()
        return found

    with monkeypatch.context() as context:
        context.setattr("auth.kept_login.read_token", read_before_login)
        keeper.step()
    assert "token refresh_token" not in scene.twitch.state.calls
    login = scene.stored()
    keeper.step()
    assert scene.stored() == login


def test_two_keepers_of_one_store_renew_it_once(public_settings: Settings, scene: Scene) -> None:
    """The second use of a public application's refresh token would end the login."""
    scene.store_login(PUBLIC_CLIENT_ID)
    keepers = [scene.keeper(public_settings) for _ in range(2)]
    for keeper in keepers:
        keeper.step()
    scene.clock.now += DUE_S
    for keeper in keepers:
        keeper.step()
    assert scene.calls("token refresh_token") == 1
    assert scene.stored_is_valid()


def test_a_static_token_is_checked_only_without_a_store(
    settings_for: SettingsFor,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Readers use it only while there is no store."""
    static, _ = log_in(scene.twitch)
    keeper = scene.keeper(settings_for(TWITCH_OAUTH_TOKEN=f"oauth:{static}"))
    with caplog.at_level(logging.INFO):
        keeper.step()
        assert "TWITCH_OAUTH_TOKEN is a valid token of somebot" in caplog.text
        scene.store_login()
        keeper.step()
    assert "TWITCH_OAUTH_TOKEN is ignored while the token store exists" in caplog.text


def test_no_token_reaches_the_log(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever happens, at any level."""
    with caplog.at_level(logging.DEBUG):
        keeper = scene.keeper(settings)
        seen = [scene.store_login()]
        keeper.step()
        scene.clock.now += DUE_S
        keeper.step()
        seen.append(scene.stored())
        scene.twitch.state.disconnect()
        scene.clock.now += DUE_S
        keeper.step()
    assert caplog.text
    for token in seen:
        assert token.access_token not in caplog.text
        assert token.refresh_token is not None
        assert token.refresh_token[:20] not in caplog.text
