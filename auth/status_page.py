"""auth's status page: whose login it keeps, until when, and how renewals went; never a token."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from common.status.auth_status import AuthStatus, RenewalResult, auth_page
from common.status.page import StatusPage
from common.status.reader_status import clipped


class AuthPage:
    """Writes the page in *state_dir*. Times of logins are Unix seconds."""

    def __init__(self, state_dir: Path, clock: Callable[[], float] = time.time) -> None:
        """*clock* returns Unix seconds."""
        self._clock = clock
        self._page = StatusPage(auth_page(state_dir), AuthStatus)
        self._status = AuthStatus(pid=os.getpid())
        self._problem = self._store_problem = ""
        if self._page.previous:
            self._status.renewals |= self._page.previous.renewals
        self.turned()

    def turned(self) -> None:
        """Tell that the main loop has turned."""
        self._status.turned_ms = self._now_ms()
        self._write()

    def uses(self, login: str, expires_at: float | None) -> None:
        """Tell which login is used from now on, before Twitch was asked. None: it is not known."""
        self._status.login = clipped(login)
        self._set_expiry(expires_at)
        self._status.is_valid, self._status.validated_ms, self._problem = False, 0, ""
        self._write()

    def uses_none(self) -> None:
        """Tell that there is no login, and readers are anonymous."""
        self.uses("", None)

    def accepted(self, login: str, expires_at: float | None) -> None:
        """Tell that Twitch accepts the login. None: it never ends."""
        self._status.login = clipped(login)
        self._set_expiry(expires_at)
        self._status.is_valid, self._status.validated_ms = True, self._now_ms()
        self._write()

    def not_accepted(self, problem: str) -> None:
        """Tell that Twitch does not accept the login, and why."""
        self._status.validated_ms = self._now_ms()
        self.ended(problem)

    def ended(self, problem: str) -> None:
        """Tell that the login is not valid any more, and why."""
        self._status.is_valid = False
        self.has_problem(problem)

    def has_problem(self, problem: str) -> None:
        """Tell what is wrong with this login, until another one is used."""
        self._problem = problem
        self._write()

    def has_store_problem(self, problem: str) -> None:
        """Tell why no login can be read; empty if it can be."""
        self._store_problem = problem
        self._write()

    def tried_to_renew(self, result: RenewalResult) -> None:
        """Count an attempt to renew the login."""
        self._status.renewals[result] += 1
        self._write()

    def close(self) -> None:
        """Close the page; auth then counts as ended."""
        self._page.close()

    def _set_expiry(self, expires_at: float | None) -> None:
        self._status.expires_ms = round(expires_at * 1000) if expires_at is not None else 0

    def _write(self) -> None:
        self._status.written_ms = self._now_ms()
        self._status.problem = clipped(self._store_problem or self._problem)
        self._page.write(self._status)

    def _now_ms(self) -> int:
        return round(self._clock() * 1000)
