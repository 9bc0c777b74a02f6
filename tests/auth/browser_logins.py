"""A browser login that waits for a person, and what the page says."""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from auth.browser_login import log_in_with_browser
from auth.errors import AuthError
from common.settings import Settings
from common.token_store import StoredToken, TokenStoreError
from tests.auth.people import TIMEOUT_S


class Login:
    """A login that runs in a thread, and the address that it asks a person to open."""

    def __init__(self, settings: Settings) -> None:
        self.printed: list[str] = []
        self.opened: Future[str] = Future()
        self.result: Future[StoredToken] = Future()
        threading.Thread(target=self._run, args=(settings,), daemon=True).start()
        self.url = self.opened.result(TIMEOUT_S)

    def _run(self, settings: Settings) -> None:
        try:
            token = log_in_with_browser(settings, self.printed.append, self.opened.set_result)
        except BaseException as error:  # noqa: BLE001 - raised where the result is read
            self.result.set_exception(error)
        else:
            self.result.set_result(token)

    def callback(self, **fields: str) -> requests.Response:
        """Open the redirect URI with *fields* as its query."""
        url = self.url.replace("/auth", f"/auth/callback?{urlencode(fields)}")
        return requests.get(url, timeout=TIMEOUT_S)

    def state(self) -> str:
        """Return the state that Twitch must send back."""
        response = requests.get(self.url, timeout=TIMEOUT_S, allow_redirects=False)
        return parse_qs(urlsplit(response.headers["Location"]).query)["state"][0]

    def failure(self) -> str:
        """Return the text of the error that ended the login."""
        error = self.result.exception(TIMEOUT_S)
        assert isinstance(error, (AuthError, TokenStoreError))
        return str(error)


def text_of(page: requests.Response) -> str:
    """Return the visible text of *page*."""
    body = page.text.partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)).strip()
