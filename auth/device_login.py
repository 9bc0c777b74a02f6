"""
`python -m auth login --device`: log in with a browser on another device.

https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#device-code-grant-flow, RFC 8628.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from auth.account import check_store, complete_login
from auth.errors import LoginFailedError, PendingError, SlowDownError, TwitchUnreachableError
from auth.responses import DeviceCode, Tokens
from auth.twitch_oauth import NO_CLIENT_ID, application, ask_for_device, request_device_code
from common.settings import Settings, SettingsError
from common.token_store import StoredToken

#: Seconds added to the polling interval when Twitch returns slow_down (RFC 8628, 3.5).
SLOWER_BY_S = 5.0

#: After so many failures in a row the login fails: a person waits for it.
FAILURES_IN_A_ROW = 5


def log_in_with_device_code(
    settings: Settings,
    say: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> StoredToken:
    """
    Wait until a person has authorized this device; store the login and return it.

    Raises SettingsError if TWITCH_CLIENT_ID is not set, AuthError if the login fails, and
    TokenStoreError if it cannot be stored.
    """
    if not settings.twitch_client_id:
        raise SettingsError(NO_CLIENT_ID)
    check_store(settings)
    code = request_device_code(application(settings), settings.twitch_scopes)
    say(f"On any device, open {code.verification_uri}")
    say(f"and enter the code {code.user_code} if it is not there already. Press Ctrl-C to cancel.")
    return complete_login(settings, _wait(settings, code, clock, sleep))


def _wait(
    settings: Settings,
    code: DeviceCode,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Tokens:
    app = application(settings)
    deadline = clock() + code.expires_in
    interval_s = code.interval
    failures = 0
    while clock() + interval_s < deadline:
        sleep(interval_s)
        try:
            return ask_for_device(app, code.device_code, settings.twitch_scopes)
        except TwitchUnreachableError:
            failures += 1
            if failures == FAILURES_IN_A_ROW:
                raise
            interval_s += SLOWER_BY_S
        except PendingError as answer:
            failures = 0
            if isinstance(answer, SlowDownError):
                interval_s += SLOWER_BY_S
    raise LoginFailedError(
        f"nobody has authorized this device within {code.expires_in / 60:.0f} min: start again"
    )
