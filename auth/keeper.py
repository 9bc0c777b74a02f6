"""
Keeps the token store valid, for as long as it runs.

1. A token is validated when it is first seen and every hour, and renewed before its end.
2. While Twitch is away the token stays in use, and the attempts go on.
3. When only a person can help, that is said once. A new login is noticed in the store.
4. A renewal holds the store's lock: a refresh token may be good for one use only, and a login that
   is made meanwhile must not be overwritten.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
import time
from collections.abc import Callable

import msgspec

from auth.account import check_account
from auth.errors import (
    GrantRefusedError,
    LoginFailedError,
    RefusedError,
    TokenInvalidError,
    TwitchUnreachableError,
)
from auth.retry import Retry
from auth.schedule import VALIDATE_EVERY_S, in_words, renewal_due_at
from auth.static_token import StaticToken
from auth.twitch_oauth import Application, application, renew, validate
from common.settings import Settings
from common.supervisor_watch import supervisor_has_gone
from common.token_store import (
    LockedTokenStore,
    StoredToken,
    TokenStoreError,
    locked_token_store,
    read_token,
)

#: Seconds between two looks at the store, and at the clock.
LOOK_EVERY_S = 1.0

#: Seconds until a renewal that Twitch has refused is tried again, where a new login is not needed:
#: not every refusal turns out to be its last word.
REFUSED_FOR_S = 600.0

NEVER = float("inf")

logger = logging.getLogger(__name__)


class TokenKeeper:
    """Looks after the token store, and after the static token while there is no store."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """*clock* gives Unix seconds, *chance* a number from 0 to 1."""
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._static = StaticToken(settings, clock)
        self._retry = Retry(chance)
        self._token: StoredToken | None = None
        #: What the token was renewed to, if that could not be stored yet.
        self._unsaved: StoredToken | None = None
        self._validate_at = self._expires_at = NEVER
        self._renew_not_before = float("-inf")
        #: Which part of the jitter this token got.
        self._spread = 0.0
        self._said: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Look after the tokens until *stop* is set, or supervisord has gone."""
        self.step()
        while not stop.wait(LOOK_EVERY_S) and not supervisor_has_gone():
            self.step()

    def step(self) -> None:
        """Do what is due now."""
        try:
            self._save_late()
            token = read_token(self._settings.twitch_token_store)
            if token != self._token:
                self._take(token)
            if token:
                self._look_after(token, self._clock())
            else:
                self._do_without()
        except TokenStoreError as error:
            self._say_once(logging.ERROR, str(error))

    def _take(self, token: StoredToken | None) -> None:
        """Begin with a login that was found in the store, or with its absence."""
        self._token, self._said = token, set()
        if token is None:
            return
        now = self._clock()
        self._expires_at, self._validate_at = token.expires_at, now
        self._renew_not_before = float("-inf")
        self._spread = self._chance()
        left = in_words(token.expires_at - now)
        logger.info("keeping the login of %s, whose token is valid for %s", token.login, left)
        if self._settings.twitch_oauth_token:
            logger.warning("TWITCH_OAUTH_TOKEN is not used as long as there is a token store")

    def _do_without(self) -> None:
        if self._settings.twitch_oauth_token:
            self._static.step()
        else:
            self._say_once(
                logging.WARNING,
                "nobody has logged in: readers are anonymous until `python -m auth login`",
            )

    def _look_after(self, token: StoredToken, now: float) -> None:
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
            self._say_once(
                logging.ERROR,
                f"the token of {token.login} is not valid any more: Twitch refuses readers that"
                " connect anew",
            )

    def _validate(self, token: StoredToken, now: float) -> None:
        try:
            found = validate(self._settings.twitch_auth_url, token.access_token)
        except TokenInvalidError:
            self._validate_at, self._expires_at = NEVER, now
            return
        self._retry.on_success()
        self._validate_at = now + VALIDATE_EVERY_S
        self._expires_at = now + found.expires_in
        try:
            check_account(self._settings, found)
        except LoginFailedError as error:
            self._say_once(logging.ERROR, str(error))

    def _renew(self, token: StoredToken, now: float) -> None:
        try:
            app = self._application(token)
            with locked_token_store(self._settings.twitch_token_store) as store:
                # Another process may have renewed it, or somebody may have logged in.
                if store.read() == token:
                    tokens = renew(app, token.refresh_token or "")
                    self._unsaved = msgspec.structs.replace(
                        token,
                        access_token=tokens.access_token,
                        refresh_token=tokens.refresh_token or token.refresh_token,
                        obtained_at=now,
                        expires_at=now + tokens.expires_in,
                    )
                    # Before anything else: the old refresh token may be worth nothing by now.
                    self._save(store)
        except GrantRefusedError as error:
            self._renew_not_before = NEVER
            self._say_once(logging.ERROR, f"the login of {token.login} cannot be renewed: {error}")
        except RefusedError as error:
            self._renew_not_before = now + REFUSED_FOR_S
            self._say_once(logging.ERROR, f"the login of {token.login} is not renewed: {error}")

    def _application(self, token: StoredToken) -> Application:
        """Return the application that *token* was issued to. Raises GrantRefusedError."""
        client_id = self._settings.twitch_client_id
        if not token.refresh_token:
            raise GrantRefusedError("it came without a refresh token: log in anew")
        if client_id and client_id != token.client_id:
            raise GrantRefusedError(
                "it was made with another application than TWITCH_CLIENT_ID names now: log in anew"
                " with `python -m auth login`"
            )
        app = application(self._settings)
        return dataclasses.replace(app, client_id=token.client_id)

    def _save(self, store: LockedTokenStore) -> None:
        """Store what the token was renewed to, and go on with that."""
        renewed = self._unsaved
        assert renewed is not None
        store.write(renewed)
        self._unsaved = None
        self._token, self._said = renewed, set()
        self._expires_at = renewed.expires_at
        self._validate_at = min(self._validate_at, renewed.obtained_at + VALIDATE_EVERY_S)
        self._spread = self._chance()
        self._retry.on_success()
        life = in_words(renewed.expires_at - renewed.obtained_at)
        logger.info("renewed the token of %s, for %s", renewed.login, life)

    def _save_late(self) -> None:
        """Try again to store what could not be stored, as when the disk was full."""
        if self._unsaved:
            with locked_token_store(self._settings.twitch_token_store) as store:
                if store.read() == self._token:
                    self._save(store)
                else:
                    self._unsaved = None  # somebody has logged in meanwhile

    def _say_once(self, level: int, text: str) -> None:
        """Log *text*, unless that was done since this login began."""
        if text not in self._said:
            self._said.add(text)
            logger.log(level, "%s", text)
