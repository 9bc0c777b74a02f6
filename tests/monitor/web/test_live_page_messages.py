"""A channel's last messages, which the live page shows on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.chat_message import ChatMessage, encode_chat_message
from common.status.last_messages import (
    MESSAGES_PAGE_BYTES,
    LastMessage,
    LastMessages,
    messages_page,
)
from common.status.page import StatusPage
from tests.monitor.snapshots import NOON_MS
from tests.monitor.status_pages import StatusPages, status_pages
from tests.monitor.web.live_page import ENTER, ESCAPE, LivePage
from tests.monitor.web.monitors import start_monitor
from tests.processes import StartProcess

MARKUP = "<img src=x onerror='window.wasRun=1'><b>hello</b>"


@pytest.fixture
def pages(short_folder: Path) -> Iterator[StatusPages]:
    """Yield the pages of two channels."""
    with status_pages(short_folder / "var") as written:
        written.reader("kitchen")
        written.reader("lounge")
        yield written


def _say(state_dir: Path, channel: str, *texts: str) -> None:
    page = StatusPage(messages_page(state_dir, channel), LastMessages, MESSAGES_PAGE_BYTES)
    messages = [
        LastMessage(
            NOON_MS, encode_chat_message(ChatMessage("1", "2", "said_by", text, NOON_MS, []))
        )
        for text in texts
    ]
    page.write(LastMessages(messages))
    page.close()


def test_messages_are_shown_and_followed(
    live_page: LivePage, processes: StartProcess, pages: StatusPages
) -> None:
    """As text, and anew when the channel has received more. Escape closes the panel."""
    _say(pages.state_dir, "lounge", "first", MARKUP)
    url = f"http://{start_monitor(processes, {'MONITOR_SHOW_MESSAGES': 'true'}).address}/"
    live_page.open(url)
    live_page.tab_to("lounge")
    live_page.browser.press(ENTER)
    live_page.wait_until(lambda: MARKUP in live_page.text_of("#messages"), "the messages")
    panel = live_page.text_of("#messages")
    assert "Last messages of lounge" in panel
    assert panel.index("first") < panel.index(MARKUP)
    assert "said_by" in panel

    _say(pages.state_dir, "lounge", "first", MARKUP, "more")
    pages.reader("lounge", received=1)
    live_page.wait_until(lambda: "more" in live_page.text_of("#messages"), "the next message")
    live_page.browser.click_at('th[data-sort="channel"] button')
    chosen = "return document.querySelector('.is-chosen').dataset.channel"
    assert live_page.browser.run(chosen) == "lounge"

    live_page.browser.press(ESCAPE)
    assert live_page.browser.run("return document.getElementById('messages').hidden")
    assert live_page.focused() == "lounge"
    assert live_page.browser.run("return window.wasRun ?? null") is None
    assert live_page.browser.console() == []


def test_a_channel_without_messages_says_so(
    live_page: LivePage, processes: StartProcess, pages: StatusPages
) -> None:
    """Its reader has received none since messages are shown."""
    assert pages.written
    url = f"http://{start_monitor(processes, {'MONITOR_SHOW_MESSAGES': 'true'}).address}/"
    live_page.open(url)
    live_page.browser.click_at("tr[data-channel=kitchen] button")
    live_page.wait_until(lambda: "No message yet." in live_page.text_of("#messages"), "the answer")


def test_nothing_is_shown_unless_it_is_asked_for(
    live_page: LivePage, processes: StartProcess, pages: StatusPages
) -> None:
    """Names are no buttons then."""
    _say(pages.state_dir, "lounge", "a secret")
    live_page.open(f"http://{start_monitor(processes).address}/")
    buttons = "return [...document.querySelectorAll('button.channel')].map((b) => b.offsetHeight)"
    assert live_page.browser.run(buttons) == [0, 0]
    assert "lounge" in live_page.text_of("#channel-rows")
