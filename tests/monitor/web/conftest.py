"""A browser for all tests of a file: starting one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.monitor.web.live_page import LivePage, chromium


@pytest.fixture(scope="module")
def shared_chromium() -> Iterator[LivePage]:
    """Yield a Chromium for the tests of a file."""
    with chromium() as page:
        yield page


@pytest.fixture
def live_page(shared_chromium: LivePage) -> LivePage:
    """Return a page of 1,200 times 900 in light colours, with scripts, and an empty console."""
    browser = shared_chromium.browser
    browser.allow_scripts(are_allowed=True)
    browser.show_at(1200, 900)
    browser.open("about:blank")
    browser.console()
    return shared_chromium
