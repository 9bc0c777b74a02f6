"""Watches the static token, TWITCH_OAUTH_TOKEN, which a person must replace before it expires."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from auth.account import check_account
from auth.errors import LoginFailedError, RefusedError, TwitchUnreachableError
from auth.retry import Retry
from auth.schedule import VALIDATE_EVERY_S, in_words, warnings_passed
from auth.status_page import AuthPage
from auth.twitch_oauth import validate
from common.command_line import command
from common.settings import Settings

logger = logging.getLogger(__name__)

_REPLACE = (
    f"create a new one with `{command('auth', 'generate-token', '--write')}`, or log in with"
    f" `{command('auth', 'login')}`"
)


class StaticToken:
    """Validates the token at the first `step` and every hour, and warns before it expires."""

    def __init__(
        self, settings: Settings, page: AuthPage, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._page = page
        self._clock = clock
        self._retry = Retry()
        self._validate_at = float("-inf")
        self._expires_at = float("inf")
        self._warned = 0
        self._logged = False

    def step(self) -> None:
        """Validate the token and log a warning, if that is due."""
        now = self._clock()
        if self._validate_at == float("-inf"):
            self.tell()
        if now >= self._validate_at and self._retry.is_due(now):
            self._validate(now)
        passed = warnings_passed(self._expires_at - now)
        if passed > self._warned:
            self._warned = passed
            left = in_words(self._expires_at - now)
            logger.warning("TWITCH_OAUTH_TOKEN expires in %s: %s", left, _REPLACE)

    def tell(self) -> None:
        """Tell that this token is used; whose it is, Twitch says."""
        self._page.uses(self._settings.twitch_username or "TWITCH_OAUTH_TOKEN", None)

    def _validate(self, now: float) -> None:
        try:
            found = validate(self._settings.twitch_auth_url, self._settings.twitch_oauth_token)
        except TwitchUnreachableError as error:
            self._retry.on_failure(now, error)
            return
        except RefusedError as error:
            logger.error("TWITCH_OAUTH_TOKEN is not valid: %s; or %s", error, _REPLACE)
            self._page.not_accepted(f"Twitch does not accept it: {error}")
            self._validate_at = self._expires_at = float("inf")
            return
        self._retry.on_success()
        if self._validate_at == float("-inf"):
            logger.info("TWITCH_OAUTH_TOKEN is a valid token of %s", found.login)
        self._validate_at = now + VALIDATE_EVERY_S
        if found.expires_in:
            self._expires_at = now + found.expires_in
        self._page.accepted(found.login, self._expires_at if found.expires_in else None)
        try:
            check_account(self._settings, found)
        except LoginFailedError as error:
            self._log_once(error)

    def _log_once(self, error: LoginFailedError) -> None:
        self._page.has_problem(str(error))
        if not self._logged:
            self._logged = True
            logger.error("TWITCH_OAUTH_TOKEN: %s", error)
