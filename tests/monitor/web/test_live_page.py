"""The live page of the whole service under supervisord, with three channels of a local Twitch."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.monitor.web.live_page import LivePage
from tests.processes import StartProcess

_CHANNELS = ("kitchen", "lounge", "speedrun")

#: All of one moment: a second later, the reader may be back.
_SEEN = """
const rows = [...document.querySelectorAll("#channel-rows tr")];
return {
  rows: rows.map((row) => [row.dataset.channel, row.dataset.level]),
  title: document.title,
  verdicts: document.getElementById("verdicts").innerText,
};
"""


@pytest.fixture
def twitch() -> Iterator[BackgroundChatServer]:
    """Yield a running simulated Twitch without TLS."""
    with BackgroundChatServer() as server:
        yield server


@pytest.fixture
def service(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> SupervisedService:
    """Return the service once its readers are in three channels."""
    prepare(short_folder, chat_port=twitch.port, channels="\n".join(_CHANNELS) + "\n")
    running = SupervisedService(processes, short_folder)
    wait_until_joined(twitch, *_CHANNELS)
    return running


def test_a_killed_reader_turns_red_and_comes_back(
    live_page: LivePage, service: SupervisedService, twitch: BackgroundChatServer
) -> None:
    """It is on top meanwhile, the sentence tells of it, and the filter and the order stay."""
    live_page.open(f"http://{service.monitor_address()}/")
    all_well = dict.fromkeys(_CHANNELS, "ok")
    live_page.wait_until(lambda: live_page.rows() == all_well, "three channels that are well")
    live_page.wait_until(
        lambda: live_page.text_of(".sentence").startswith("3 of 3 channels"), "the good sentence"
    )
    twitch.run(twitch.server.say("lounge", "hello"))
    received = "#channel-rows [data-channel=lounge] [data-place=last_message]"
    live_page.wait_until(lambda: live_page.text_of(received) != "never", "the message")

    live_page.browser.click_at('th[data-sort="channel"] button')
    live_page.browser.click_at('th[data-sort="channel"] button')
    assert list(live_page.rows()) == ["speedrun", "lounge", "kitchen"]
    live_page.browser.click_at('th[data-sort="state"] button')

    seen: dict[str, Any] = {}

    def killed_and_seen() -> bool:
        # supervisord starts it again each time, so one that is killed once is red for a moment.
        with suppress(ProcessLookupError):
            if pid := service.programs()["reader-lounge"].pid:
                os.kill(pid, signal.SIGKILL)
        seen.update(live_page.browser.run(_SEEN))
        return ["lounge", "problem"] in seen["rows"]

    live_page.wait_until(killed_and_seen, "a red row")
    assert [channel for channel, _ in seen["rows"]] == ["lounge", "kitchen", "speedrun"]
    assert seen["title"][0] == "\N{MULTIPLICATION X}"
    assert "lounge" in seen["verdicts"]

    live_page.browser.click_at("#filter")
    live_page.browser.press(*"lounge")
    assert list(live_page.rows()) == ["lounge"]
    live_page.wait_until(lambda: live_page.rows() == {"lounge": "ok"}, "the reader again")
    live_page.wait_until(
        lambda: live_page.text_of(".sentence").startswith("3 of 3 channels"), "the good sentence"
    )
    assert live_page.text_of(received) != "never"
    assert live_page.browser.console() == []
