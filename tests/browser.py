"""Headless Chromium for tests of web pages, controlled through chromedriver's WebDriver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.ports import free_port
from tests.processes import StartProcess, wait_for_line
from tests.requirements import require_program

#: Seconds for a call. On a busy machine a browser starts slowly.
_TIMEOUT_S = 60

#: The key of an element's id: https://www.w3.org/TR/webdriver2/#elements
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # a container's /dev/shm is small
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Browser:
    """One window of a browser."""

    def __init__(self, session_url: str) -> None:
        self._session_url = session_url

    def open(self, url: str) -> None:
        """Go to *url*, and wait until it has loaded."""
        self._post("url", url=url)

    def url(self) -> str:
        """Return the address of the page that is shown."""
        return str(self._get("url"))

    def text(self) -> str:
        """Return the visible text of the page."""
        # In one call: between finding an element and reading it, the page may change.
        return str(self._post("execute/sync", script="return document.body.innerText", args=[]))

    def click(self, button: str) -> None:
        """Click on the button with the text *button*, and wait until another page is shown."""
        xpath = f"//button[normalize-space()='{button}']"
        found = self._post("element", using="xpath", value=xpath)[_ELEMENT]
        self._post(f"element/{found}/click")
        deadline = time.monotonic() + _TIMEOUT_S
        while self._shows(found):
            assert time.monotonic() < deadline, f"a click on {button!r} has opened no page"
            time.sleep(0.02)

    def _shows(self, element: str) -> bool:
        """Return whether the page that contains *element* is still shown."""
        response = requests.get(f"{self._session_url}/element/{element}/name", timeout=_TIMEOUT_S)
        return response.ok

    def _get(self, command: str) -> Any:
        return _value(requests.get(f"{self._session_url}/{command}", timeout=_TIMEOUT_S))

    def _post(self, command: str, **arguments: Any) -> Any:
        response = requests.post(
            f"{self._session_url}/{command}", json=arguments, timeout=_TIMEOUT_S
        )
        return _value(response)


@contextmanager
def running_browser(start: StartProcess, folder: Path) -> Iterator[Browser]:
    """
    Yield a browser with its profile in *folder*. *start* starts it, and ends all its processes.

    Without Chromium the test is skipped, or fails in CI.
    """
    require_program("chromium")
    require_program("chromedriver")
    port = free_port()
    driver = start(["chromedriver", f"--port={port}"])
    wait_for_line(driver, "started successfully", _TIMEOUT_S)
    arguments = [*_ARGUMENTS, f"--user-data-dir={folder / 'chromium'}"]
    wanted: Any = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}
    sessions = f"http://127.0.0.1:{port}/session"
    capabilities = {"capabilities": {"alwaysMatch": wanted}}
    session = _value(requests.post(sessions, json=capabilities, timeout=_TIMEOUT_S))
    session_url = f"{sessions}/{session['sessionId']}"
    try:
        yield Browser(session_url)
    finally:
        requests.delete(session_url, timeout=_TIMEOUT_S)


def _value(response: requests.Response) -> Any:
    value = response.json()["value"]
    if not response.ok:
        raise RuntimeError(f"the browser reports: {value['error']}: {value['message']}")
    return value
