"""What auth's status page tells of the login."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from auth.keeper import TokenKeeper
from auth.status_page import AuthPage
from common.settings import Settings
from common.status.auth_status import AuthStatus, RenewalResult, auth_page
from common.status.page import PageError, ReadPage, read_page
from simulator.oauth_server import ForcedResponse
from tests.auth.conftest import SettingsFor
from tests.auth.people import log_in
from tests.auth.scene import DUE_S, LIFE_S, Scene
from tests.processes import StartProcess, python_module, wait_for


def shown(settings: Settings) -> AuthStatus:
    """Return what the page tells."""
    return read_page(auth_page(settings.state_dir), AuthStatus).status


def test_a_login_is_shown_from_its_first_check_to_its_renewal(
    settings: Settings, scene: Scene
) -> None:
    """With until when it is valid, and when Twitch said so."""
    token = scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    told = shown(settings)
    assert (told.login, told.is_valid, told.problem) == (token.login, True, "")
    assert told.expires_ms == (scene.clock() + LIFE_S) * 1000
    assert told.validated_ms == scene.clock() * 1000
    assert told.renewals == {"ok": 0, "refused": 0, "unreachable": 0}
    scene.clock.now += DUE_S
    keeper.step()
    told = shown(settings)
    assert (told.is_valid, told.expires_ms) == (True, (scene.clock() + LIFE_S) * 1000)
    assert told.renewals == {"ok": 1, "refused": 0, "unreachable": 0}


def test_no_token_is_on_the_page(settings: Settings, scene: Scene) -> None:
    """Neither the one that readers use nor the one that renews it."""
    token = scene.store_login()
    scene.keeper(settings).step()
    content = auth_page(settings.state_dir).read_bytes()
    assert token.login.encode() in content
    assert token.access_token.encode() not in content
    assert token.refresh_token is not None
    assert token.refresh_token.encode() not in content


def test_a_refused_renewal_is_counted_and_explained(settings: Settings, scene: Scene) -> None:
    """The login is valid until it ends, and its problem stays although Twitch accepts it."""
    scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.twitch.state.refresh_tokens.clear()
    scene.clock.now += DUE_S
    for _ in range(3):
        keeper.step()
    told = shown(settings)
    assert told.renewals == {"ok": 0, "refused": 1, "unreachable": 0}
    assert told.is_valid
    assert "cannot be renewed" in told.problem
    scene.clock.now += LIFE_S - DUE_S
    keeper.step()
    assert not shown(settings).is_valid
    assert "is no longer valid" in shown(settings).problem


def test_attempts_without_an_answer_are_counted(settings: Settings, scene: Scene) -> None:
    """The login counts as valid meanwhile, and a new login has no problem any more."""
    scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.clock.now += DUE_S
    scene.twitch.forced = ForcedResponse(503, b"")
    keeper.step()
    told = shown(settings)
    assert told.renewals == {"ok": 0, "refused": 0, "unreachable": 1}
    assert told.is_valid


def test_a_token_that_twitch_does_not_take_is_not_valid(settings: Settings, scene: Scene) -> None:
    """Also if its time has not come."""
    token = scene.store_login()
    scene.twitch.state.valid_tokens.issued.pop(token.access_token)
    scene.keeper(settings).step()
    told = shown(settings)
    assert (told.login, told.is_valid) == (token.login, False)
    assert told.validated_ms == scene.clock() * 1000


def test_a_store_that_cannot_be_read_is_a_problem_until_it_can(
    settings: Settings, scene: Scene
) -> None:
    """A problem of the login is still there afterwards."""
    scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.store.chmod(0o644)
    keeper.step()
    assert "other users have access" in shown(settings).problem
    scene.store.chmod(0o600)
    keeper.step()
    assert shown(settings).problem == ""


def test_a_static_token_is_shown_before_and_after_twitch_was_asked(
    settings_for: SettingsFor, scene: Scene
) -> None:
    """It is no anonymous reader's, although nobody knows whose it is."""
    access_token, _ = log_in(scene.twitch)
    settings = settings_for(TWITCH_OAUTH_TOKEN=f"oauth:{access_token}")
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: 0.0)
    scene.twitch.forced = ForcedResponse(503, b"")
    keeper.step()
    assert (shown(settings).login, shown(settings).is_valid) == ("TWITCH_OAUTH_TOKEN", False)
    scene.twitch.forced = None
    scene.clock.now += 600
    keeper.step()
    told = shown(settings)
    assert (told.login, told.is_valid) == (scene.twitch.state.login, True)
    assert told.expires_ms > scene.clock() * 1000
    assert access_token.encode() not in auth_page(settings.state_dir).read_bytes()


def test_without_a_login_there_is_none(settings: Settings, scene: Scene) -> None:
    """Also after one was removed."""
    scene.store_login()
    keeper = scene.keeper(settings)
    keeper.step()
    scene.store.unlink()
    keeper.step()
    told = shown(settings)
    assert (told.login, told.expires_ms, told.is_valid) == ("", 0, False)


def test_renewals_are_counted_on_after_a_restart(short_folder: Path) -> None:
    """What else the page told does not hold any more."""
    first = AuthPage(short_folder)
    first.accepted("somebody", 4e9)
    first.tried_to_renew(RenewalResult.REFUSED)
    first.close()
    second = AuthPage(short_folder)
    told = read_page(auth_page(short_folder), AuthStatus).status
    assert told.renewals == {"ok": 0, "refused": 1, "unreachable": 0}
    assert (told.login, told.expires_ms, told.is_valid) == ("", 0, False)
    second.close()


@pytest.mark.parametrize("has_login", [False, True])
def test_the_process_tells_every_second_that_it_does_not_hang(
    processes: StartProcess,
    short_folder: Path,
    environment: dict[str, str],
    *,
    has_login: bool,
) -> None:
    """While it waits for the first login, too; until it is stopped."""
    state = short_folder / "var"
    # A login that Twitch knows nothing of.
    more = {"TWITCH_OAUTH_TOKEN": f"oauth:{'x' * 30}"} if has_login else {}
    auth = processes(python_module("auth"), environment | more | {"STATE_DIR": str(state)})

    def turned_since(moment_ms: int) -> ReadPage[AuthStatus] | None:
        with suppress(PageError):  # it is not there yet
            page = read_page(auth_page(state), AuthStatus)
            return page if page.status.turned_ms > moment_ms else None
        return None

    page = wait_for(lambda: turned_since(0), 60, "its page")
    page = wait_for(lambda: turned_since(page.status.turned_ms + 900), 60, "its next turns")
    assert page.is_written
    assert page.status.pid == auth.pid
    assert auth.stop() == 0
    assert not read_page(auth_page(state), AuthStatus).is_written
    assert not re.search("Traceback|cannot write the status page", auth.output())
