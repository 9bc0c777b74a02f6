"""Headless Chromium for tests of web pages, controlled through chromedriver's WebDriver."""

from __future__ import annotations

import base64
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

    def run(self, script: str, *arguments: object) -> Any:
        """Return what the function body *script* returns in the page; it has `arguments`."""
        return self._post("execute/sync", script=script, args=arguments)

    def press(self, *keys: str) -> None:
        """Press and release each of *keys*, such as "a" or a constant of WebDriver's keys."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def click_at(self, selector: str) -> None:
        """Click on the element that is the first match of the CSS *selector*."""
        found = self._post("element", using="css selector", value=selector)[_ELEMENT]
        self._post(f"element/{found}/click")

    def show_at(self, width: int, height: int, *, is_dark: bool = False, scale: float = 1) -> None:
        """Show pages in *width* times *height* CSS pixels, as a phone or at night, for example."""
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        # As on a phone, where they take no room.
        self._devtools("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", features=[scheme])

    def allow_scripts(self, *, are_allowed: bool) -> None:
        """Choose whether pages that are opened from now on may run scripts."""
        self._devtools("Emulation.setScriptExecutionDisabled", value=not are_allowed)

    def screenshot(self) -> bytes:
        """Return what is shown as a PNG."""
        return base64.b64decode(self._get("screenshot"))

    def costs(self) -> dict[str, float]:
        """Return the processor time of the page's thread so far by kind, in seconds."""
        self._devtools("Performance.enable", timeDomain="threadTicks")
        metrics = self._devtools("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    def console(self) -> list[str]:
        """Return the errors and warnings of pages since the last call."""
        entries = self._post("se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]

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

    def _devtools(self, method: str, **parameters: Any) -> Any:
        return self._post("goog/cdp/execute", cmd=method, params=parameters)

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
    wanted: Any = {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    }
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
