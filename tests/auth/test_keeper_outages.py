"""The token keeper when Twitch cannot be reached, or something else responds in its place."""

from __future__ import annotations

import logging
import threading
from typing import ClassVar

import pytest

from auth.keeper import TokenKeeper
from common.settings import Settings
from simulator.oauth_server import ForcedResponse
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
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: 1.0)
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


@pytest.mark.parametrize("due_s", [0, DUE_S], ids=["validation", "renewal"])
@pytest.mark.parametrize(
    "forced",
    [
        ForcedResponse(403, b'{"status": 403, "message": "Forbidden"}'),
        ForcedResponse(404, b"<html>"),
        ForcedResponse(401, b"<html>"),
        ForcedResponse(200, b"<html>", kind="text/html"),
        ForcedResponse(200, b""),
        ForcedResponse(302, b"", location="https://portal.example.org/?url=x"),
        ForcedResponse(0, b"", raw=b"garbage"),
    ],
    ids=str,
)
def test_any_unexpected_response_is_an_outage(
    settings: Settings,
    scene: Scene,
    forced: ForcedResponse,
    due_s: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is one warning. It names the host. At most one request a minute follows in the end."""
    before = scene.store_login()
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: 1.0)
    scene.clock.now += due_s
    scene.twitch.forced = forced
    for _ in range(600):
        keeper.step()
        scene.clock.now += 1
    assert scene.twitch.received <= 15
    assert scene.stored() == before
    (warning,) = messages(caplog, logging.WARNING)
    assert scene.twitch.url.split("/")[2] in warning
    assert "stays in use" in warning
    assert messages(caplog, logging.ERROR) == []
    scene.twitch.forced = None
    for _ in range(60):
        keeper.step()
        scene.clock.now += 1
    assert scene.stored_is_valid()


def test_each_kind_of_outage_is_logged_once(
    settings: Settings, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy may answer after the connection is back: that is another cause."""
    scene.store_login()
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: 1.0)
    for status in (503, 407, 503, 407):
        scene.twitch.forced = ForcedResponse(status, b"")
        keeper.step()
        scene.clock.now += 60
    first, second = messages(caplog, logging.WARNING)
    assert "status 503" in first
    assert "status 407" in second


def test_an_unexpected_error_does_not_end_the_keeper(
    settings: Settings,
    scene: Scene,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A restart would ask Twitch again at once. The next attempt is a minute later."""

    class Stop(threading.Event):
        waits: ClassVar[list[float | None]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waits.append(timeout)
            return len(self.waits) == 180

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("auth.keeper.validate", fail)
    scene.store_login()
    assert scene.keeper(settings).run(Stop())
    assert Stop.waits == [1] * 180
    assert caplog.text.count("unexpected error; next attempt in 60 s") == 3


def _seconds_of_requests(keeper: TokenKeeper, scene: Scene, seconds: int) -> list[int]:
    """Return in which of so many *seconds* from now the keeper has sent requests."""
    found = []
    for second in range(seconds):
        before = scene.twitch.received
        keeper.step()
        found += [second] * (scene.twitch.received - before)
        scene.clock.now += 1
    return found


def test_the_pauses_double_up_to_a_minute_in_each_outage(
    settings: Settings, scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """They begin again, and so does the log, after a success."""
    scene.store_login()
    keeper = TokenKeeper(settings, scene.page, scene.clock, chance=lambda: 1.0)
    for outage in (1, 2):
        scene.twitch.forced = ForcedResponse(503, b"")
        assert _seconds_of_requests(keeper, scene, 200) == [0, 2, 6, 14, 30, 62, 122, 182]
        assert len(messages(caplog, logging.WARNING)) == outage
        scene.twitch.forced = None
        (success,) = _seconds_of_requests(keeper, scene, 60)
        # Until the next validation is due.
        scene.clock.now += HOUR_S - 60 + success
