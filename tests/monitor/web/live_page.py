"""A live page in a real Chromium, as a person sees and operates it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser import Browser, running_browser
from tests.processes import (
    StartProcess,
    python_module,
    started_processes,
    wait_for,
    wait_for_line,
)

WITHIN_S = 30.0

#: It makes up an hour of figures first.
_MADE_UP_WITHIN_S = 120.0

#: Keys of WebDriver: https://www.w3.org/TR/webdriver2/#keyboard-actions
TAB = "\ue004"
ENTER = "\ue007"
ESCAPE = "\ue00c"

_ROWS = """
return [...document.querySelectorAll("#channel-rows tr")].filter((row) => !row.hidden)
  .map((row) => [row.dataset.channel, row.dataset.level]);
"""


class LivePage:
    """The live page in *browser*."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        """Open the page at *url*, and wait until it shows live figures."""
        self.browser.open(url)
        self.wait_until(lambda: self.connection() == "live", "live figures")

    def connection(self) -> str:
        """Return what the page says of its connection: still, live, or lost."""
        return str(self.browser.run("return document.getElementById('connection').dataset.state"))

    def rows(self) -> dict[str, str]:
        """Return the levels of the channels that are shown, in their order."""
        return dict(self.browser.run(_ROWS))

    def text_of(self, selector: str) -> str:
        """Return the visible text of the first element that the CSS *selector* matches."""
        return str(
            self.browser.run("return document.querySelector(arguments[0]).innerText", selector)
        )

    def focused(self) -> str:
        """Return the text or the name of what has the focus."""
        script = "const e = document.activeElement; return e.innerText || e.id"
        return str(self.browser.run(script)).strip()

    def tab_to(self, what: str) -> None:
        """Press Tab until the element with the text or the id *what* has the focus."""
        for _ in range(60):
            if self.focused() == what:
                return
            self.browser.press(TAB)
        raise AssertionError(f"Tab does not reach {what!r}")

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        """Return once *condition* is true. Raises TimeoutError with the page's text."""
        try:
            wait_for(lambda: condition() or None, WITHIN_S, what)
        except TimeoutError as error:
            error.add_note(f"The page:\n{self.browser.text()}\n{self.browser.console()}")
            raise


def made_up_page(start: StartProcess, channels: int, broken: int = 0) -> str:
    """Start a monitor of a made-up host, of whose readers *broken* do not run; return its URL."""
    process = start(python_module("tests.made_up_monitor", str(channels), str(broken)))
    return wait_for_line(process, r"at (http://127\.0\.0\.1:\d+/)", _MADE_UP_WITHIN_S)[1]


@contextmanager
def chromium() -> Iterator[LivePage]:
    """Yield a Chromium for several tests."""
    with (
        TemporaryDirectory(prefix="t-", dir="/tmp") as name,
        started_processes(Path(name)) as start,
        running_browser(start, Path(name)) as browser,
    ):
        yield LivePage(browser)
