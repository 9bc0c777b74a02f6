"""Somebody opts out while a reader is in the channel: the real client and the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.parsing.line_parser import line_parser
from simulator.chat_server import ChatServer
from tests.readers.memberships import CHANNEL, Listener, membership_of, settings_for
from tests.readers.opt_out.withheld import Reader


@pytest.mark.parametrize("extended", [False, True])
async def test_an_opt_out_takes_effect_without_a_restart(
    twitch: ChatServer,
    listener: Listener,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    extended: bool,
) -> None:
    """From the next read on; and so does its end. The log names nobody."""
    caplog.set_level("DEBUG")
    path = tmp_path / "optout.conf"
    plain = line_parser(extended=extended)
    reader = Reader(path, plain)
    async with membership_of(settings_for(twitch), listener, parser=reader.parser):
        await twitch.wait_for_join(CHANNEL)
        assert reader.parser() is plain  # which costs nothing
        for number, entries in enumerate(["", "shyone\n", "# shyone\n", "4711\n"]):
            path.write_text(entries)
            await twitch.say(CHANNEL, f"hushed {number}", login="shyone", user_id="4711")
            await twitch.say(CHANNEL, f"open {number}", login="bold")
            await twitch.ping_and_wait(CHANNEL)
    assert listener.texts == ["hushed 0", "open 0", "open 1", "hushed 2", "open 2", "open 3"]
    assert reader.dropped == 2
    assert "hushed" not in caplog.text
    assert "shyone" not in caplog.text
    assert "4711" not in caplog.text
