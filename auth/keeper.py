"""
Keeps the login in the token store valid.

1. A token is validated when it is first read and every hour, and renewed before it expires.
2. While Twitch is unreachable, the token stays in use and attempts continue.
3. A problem that only a person can fix is logged once. A new login in the store is detected.
4. A renewal holds the store's lock: a refresh token may be valid for one use only, and a login that
   is made during the renewal must not be overwritten.
5. It does not end because of an error: whatever restarts it would ask Twitch again at once.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial

import msgspec

from auth.account import check_account
from auth.errors import (
    AuthError,
    GrantRefusedError,
    LoginFailedError,
    RefusedError,
    TokenInvalidError,
    TwitchUnreachableError,
)
from auth.kept_login import KeptLogin
from auth.retry import Retry
from auth.schedule import VALIDATE_EVERY_S, in_words, renewal_due_at
from auth.static_token import StaticToken
from auth.status_page import AuthPage
from auth.twitch_oauth import Application, application, renew, validate
from common.command_line import command
from common.settings import Settings
from common.status.auth_status import RenewalResult
from common.supervisor_watch import supervisor_has_gone
from common.token_store import StoredToken, TokenStoreError

#: Seconds between two checks of the store and of the clock.
LOOK_EVERY_S = 1.0

#: Seconds until the next renewal after Twitch has refused one, unless a new login is needed. Some
#: refusals are temporary.
REFUSED_FOR_S = 600.0

#: Seconds until the next step after an unexpected error.
UNEXPECTED_FOR_S = 60.0

NEVER = float("inf")

logger = logging.getLogger(__name__)


class TokenKeeper:
    """Keeps the token store valid. While there is no store, watches the static token."""

    def __init__(
        self,
        settings: Settings,
        page: AuthPage,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """*clock* returns Unix seconds, *chance* a random number from 0 to 1."""
        self._settings = settings
        self._page = page
        self._clock = clock
        self._chance = chance
        self._static = StaticToken(settings, page, clock)
        self._retry = Retry(chance)
        self._login = KeptLogin(settings.twitch_token_store)
        self._token: StoredToken | None = None
        #: Why the store cannot be read, as it was logged; empty if it can.
        self._store_problem = ""
        self._validate_at = self._expires_at = NEVER
        self._renew_not_before = float("-inf")
        #: The jitter of this token's renewal, 0 to 1.
        self._spread = 0.0
        #: Texts that were logged since this login was read.
        self._logged: set[str] = set()

    def run(self, stop: threading.Event) -> bool:
        """
        Call `step` once a second until *stop* is set or supervisord has ended.

        Returns False if a renewed login could not be stored, and is lost.
        """
        while True:
            wait_s = LOOK_EVERY_S
            try:
                self.step()
            except Exception:
                logger.exception("unexpected error; next attempt in %.0f s", UNEXPECTED_FOR_S)
                wait_s = UNEXPECTED_FOR_S
            if self._is_stopped_within(wait_s, stop):
                return self._login.stop()

    def _is_stopped_within(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for *seconds*, and go on telling that this process does not hang."""
        for _ in range(round(seconds / LOOK_EVERY_S)):
            self._page.turned()
            if stop.wait(LOOK_EVERY_S) or supervisor_has_gone():
                return True
        return False

    def step(self) -> None:
        """Read the store, and validate or renew the token if that is due."""
        try:
            token = self._login.read()
        except TokenStoreError as error:
            if self._store_problem != str(error):
                self._store_problem = str(error)
                logger.error("%s", error)
                self._page.has_store_problem(str(error))
            return
        if self._store_problem:
            self._store_problem = ""
            self._page.has_store_problem("")
        if token != self._token:
            self._use(token)
        if token:
            self._keep_valid(token, self._clock())
        else:
            self._step_without_store()

    def _use(self, token: StoredToken | None) -> None:
        """Start to use a login that was read from the store; None if there is no store."""
        self._token, self._logged = token, set()
        if token is None:
            self._use_none()
            return
        self._page.uses(token.login, token.expires_at)
        now = self._clock()
        self._expires_at, self._validate_at = token.expires_at, now
        self._renew_not_before = float("-inf")
        self._spread = self._chance()
        left = in_words(token.expires_at - now)
        logger.info("keeping the login of %s valid; its token expires in %s", token.login, left)
        if self._settings.twitch_oauth_token:
            logger.warning("TWITCH_OAUTH_TOKEN is ignored while the token store exists")

    def _use_none(self) -> None:
        if self._settings.twitch_oauth_token:
            self._static.tell()
        else:
            self._page.uses_none()

    def _step_without_store(self) -> None:
        if self._settings.twitch_oauth_token:
            self._static.step()
        else:
            self._log_once(
                logging.WARNING,
                f"there is no login: readers are anonymous until `{command('auth', 'login')}`",
            )

    def _keep_valid(self, token: StoredToken, now: float) -> None:
        if self._retry.is_due(now):
            try:
                due_at = renewal_due_at(token.obtained_at, self._expires_at, self._spread)
                if now >= max(due_at, self._renew_not_before):
                    self._renew(token, now)
                elif now >= self._validate_at:
                    self._validate(token, now)
            except TwitchUnreachableError as error:
                self._retry.on_failure(now, error)
        if now >= self._expires_at:
            ended = (
                f"the token of {token.login} is no longer valid: Twitch refuses readers that"
                " reconnect"
            )
            self._page.ended(ended)
            self._log_once(logging.ERROR, ended)

    def _validate(self, token: StoredToken, now: float) -> None:
        try:
            found = validate(self._settings.twitch_auth_url, token.access_token)
        except TokenInvalidError:
            self._validate_at, self._expires_at = NEVER, now
            self._page.not_accepted("Twitch does not accept the token")
            return
        self._retry.on_success()
        self._validate_at = now + VALIDATE_EVERY_S
        self._expires_at = now + found.expires_in
        self._page.accepted(token.login, self._expires_at)
        try:
            check_account(self._settings, found)
        except LoginFailedError as error:
            self._complain(str(error))

    def _renew(self, token: StoredToken, now: float) -> None:
        try:
            app = self._application(token)
            renewed = self._login.renew(token, partial(self._ask, app, now))
        except GrantRefusedError as error:
            self._renew_not_before = NEVER
            self._complain(f"the login of {token.login} cannot be renewed: {error}")
        except RefusedError as error:
            self._renew_not_before = now + REFUSED_FOR_S
            self._complain(f"the login of {token.login} was not renewed: {error}")
        except TokenStoreError as error:
            self._complain(
                f"the login of {token.login} is not renewed while it could not be stored: {error}",
            )
        else:
            if renewed:
                self._use_renewed(renewed)

    def _ask(self, app: Application, now: float, token: StoredToken) -> StoredToken:
        """Return *token* as Twitch has renewed it. Raises AuthError."""
        try:
            tokens = renew(app, token.refresh_token or "")
        except TwitchUnreachableError:
            self._page.tried_to_renew(RenewalResult.UNREACHABLE)
            raise
        except AuthError:
            self._page.tried_to_renew(RenewalResult.REFUSED)
            raise
        self._page.tried_to_renew(RenewalResult.OK)
        return msgspec.structs.replace(
            token,
            access_token=tokens.access_token,
            # Without a new one, the old one stays valid: RFC 6749, section 6.
            refresh_token=tokens.refresh_token or token.refresh_token,
            obtained_at=now,
            expires_at=now + tokens.expires_in,
        )

    def _application(self, token: StoredToken) -> Application:
        """Return the application that *token* was issued to. Raises GrantRefusedError."""
        client_id = self._settings.twitch_client_id
        if not token.refresh_token:
            raise GrantRefusedError("it was issued without a refresh token: log in again")
        if client_id and client_id != token.client_id:
            raise GrantRefusedError(
                "it was issued to another application than TWITCH_CLIENT_ID: log in again with"
                f" `{command('auth', 'login')}`"
            )
        app = application(self._settings)
        return dataclasses.replace(app, client_id=token.client_id)

    def _use_renewed(self, renewed: StoredToken) -> None:
        self._token, self._logged = renewed, set()
        self._expires_at = renewed.expires_at
        self._validate_at = min(self._validate_at, renewed.obtained_at + VALIDATE_EVERY_S)
        self._spread = self._chance()
        self._retry.on_success()
        self._page.uses(renewed.login, renewed.expires_at)
        self._page.accepted(renewed.login, renewed.expires_at)
        life = in_words(renewed.expires_at - renewed.obtained_at)
        logger.info("renewed the token of %s, valid for %s", renewed.login, life)

    def _complain(self, text: str) -> None:
        """Log the error *text* once, and show it on the status page."""
        self._page.has_problem(text)
        self._log_once(logging.ERROR, text)

    def _log_once(self, level: int, text: str) -> None:
        """Log *text*, unless it was already logged for this login."""
        if text not in self._logged:
            self._logged.add(text)
            logger.log(level, "%s", text)
