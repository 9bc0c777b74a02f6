"""What a reader's status page says while it is in its channel, or is not."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from common.settings import Settings, read_settings
from common.status.histogram import DELIVERY_S, Histogram
from common.status.page import PAGE_BYTES, StatusPage, read_page
from common.status.reader_status import (
    TEXT_BYTES,
    DropReason,
    ReaderState,
    ReaderStatus,
    ShownGap,
    ToldSettings,
    clipped,
    reader_page,
)
from readers.outbox.books import SHOWN_RANGES
from readers.status_keeper import StatusKeeper
from readers.twitch.timing import Timing
from simulator.chat_server import ChatServer, JoinRefusal
from simulator.chat_session import ChatSession
from tests.readers.memberships import CHANNEL, SHORT_DELAYS, Listener, membership_of, settings_for
from tests.readers.polling import until

#: What Twitch calls the settings of a chat.
SETTINGS = ("emote-only", "followers-only", "r9k", "slow", "subs-only")


def status_of(settings: Settings) -> ReaderStatus:
    """Return what the page of the reader of CHANNEL says."""
    return read_page(reader_page(settings.state_dir, CHANNEL), ReaderStatus).status


@asynccontextmanager
async def in_channel(
    twitch: ChatServer, settings: Settings, listener: Listener, timing: Timing = SHORT_DELAYS
) -> AsyncIterator[ChatSession]:
    """Stay in CHANNEL; yield the session once the page says that the reader is there."""
    async with membership_of(settings, listener, timing=timing):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await until(lambda: status_of(settings).state == ReaderState.IN_CHANNEL)
        yield session


async def test_a_reader_in_its_channel(twitch: ChatServer, listener: Listener) -> None:
    """The page says so, and counts what is no IRC."""
    settings = settings_for(twitch)
    # What is received soon after the page was written is in it after the next PONG.
    timing = SHORT_DELAYS._replace(ping_after_s=0.2)
    async with in_channel(twitch, settings, listener, timing):
        await twitch.send_line(CHANNEL, b":\r\n\r\n@a=b\r\n")
        await until(lambda: status_of(settings).malformed_lines > 0)
        status = status_of(settings)
    assert (status.channel, status.pid) == (CHANNEL, os.getpid())
    assert (status.connects, status.problem, status.malformed_lines) == (1, "", 2)
    assert 0 < status.state_since_ms <= status.written_ms
    assert status_of(settings).state == ReaderState.STOPPED


async def test_a_quiet_channel_touches_the_page(twitch: ChatServer, listener: Listener) -> None:
    """Twitch's answer to each PING does."""
    settings = settings_for(twitch)
    timing = SHORT_DELAYS._replace(ping_after_s=0.2)
    async with in_channel(twitch, settings, listener, timing) as session:
        before = status_of(settings).written_ms
        await twitch.wait_until(lambda: session.received.count("PING alive") >= 2, what="2 PINGs")
        await until(lambda: status_of(settings).written_ms > before)


async def test_a_refusal_is_told_until_it_ends(twitch: ChatServer, listener: Listener) -> None:
    """The problem stays while the reader tries again."""
    twitch.state.refused_joins[CHANNEL] = JoinRefusal.BANNED
    settings = settings_for(twitch)
    async with membership_of(settings, listener):
        await until(lambda: status_of(settings).connects >= 2)
        assert "permanently banned" in status_of(settings).problem
        assert status_of(settings).state in {
            ReaderState.PAUSING,
            ReaderState.CONNECTING,
            ReaderState.WAITING_FOR_TURN,
        }
        twitch.state.refused_joins.clear()
        await until(lambda: status_of(settings).state == ReaderState.IN_CHANNEL)
        assert status_of(settings).problem == ""


async def test_a_lost_connection_counts(twitch: ChatServer, listener: Listener) -> None:
    """The next one does, too."""
    settings = settings_for(twitch)
    async with in_channel(twitch, settings, listener) as session:
        since_ms = status_of(settings).state_since_ms
        await session.close()
        await until(lambda: status_of(settings).connects == 2)
        await until(lambda: status_of(settings).state == ReaderState.IN_CHANNEL)
        assert status_of(settings).state_since_ms > since_ms


async def test_a_replaced_connection_changes_no_state(
    twitch: ChatServer, listener: Listener
) -> None:
    """The reader is in the channel meanwhile."""
    settings = settings_for(twitch)
    async with in_channel(twitch, settings, listener) as session:
        since_ms = status_of(settings).state_since_ms
        await session.request_reconnect()
        await until(lambda: status_of(settings).connects == 2)
        await twitch.wait_until(lambda: twitch.sessions != [session], what="the next connection")
        assert status_of(settings).state_since_ms == since_ms


def test_figures_go_on_after_a_restart(tmp_path: Path) -> None:
    """Those of an earlier process do; what is about the process itself begins anew."""
    settings = read_settings({"STATE_DIR": str(tmp_path)})
    keeper = StatusKeeper(CHANNEL, settings)
    keeper.on_connected()
    keeper.on_state(ReaderState.PAUSING, "no network")
    keeper.on_stopped()
    keeper = StatusKeeper(CHANNEL, settings)
    assert (keeper.status.connects, keeper.status.state) == (1, ReaderState.STARTING)
    assert (keeper.status.problem, keeper.status.session) == ("", 0)
    # Before the outbox is opened, which may take a while.
    assert status_of(settings).state == ReaderState.STARTING
    keeper.on_stopped()


def test_a_page_with_other_bounds_is_continued(tmp_path: Path) -> None:
    """Only the histogram begins anew."""
    settings = read_settings({"STATE_DIR": str(tmp_path)})
    page = StatusPage(reader_page(tmp_path, CHANNEL), ReaderStatus)
    page.write(ReaderStatus(received=5, delay=Histogram([1, 2, 3], 4.0)))
    page.close()
    keeper = StatusKeeper(CHANNEL, settings)
    assert keeper.status.received == 5
    assert keeper.status.delay.counts == [0] * (len(DELIVERY_S) + 1)
    keeper.on_stopped()


def test_the_fullest_status_fits_into_a_page() -> None:
    """However long what Twitch sends is, and however large each number."""
    large = 2**62
    text = clipped("😂" * 10_000)
    status = ReaderStatus(
        **dict.fromkeys(_numbers(), large),
        channel="x" * 25,
        state=max(ReaderState, key=len),
        problem=text,
        publisher=text,
        dropped=dict.fromkeys(DropReason, large),
        gaps_by_reason={f"disconnected{n}": (large, large) for n in range(5)},
        last_gaps=[ShownGap(large, large, "disconnected")] * 3,
        delay=Histogram([large] * (len(DELIVERY_S) + 1), 1e300),
        numbering="x" * 42,
        waiting_numbers=[(large, large)] * SHOWN_RANGES,
        told_settings=ToldSettings("9" * 20, dict.fromkeys(SETTINGS, 10**9 - 1), *[large] * 3),
    )
    assert len(msgspec.msgpack.encode(status)) < PAGE_BYTES // 2 - 32
    assert len(text.encode()) <= TEXT_BYTES


def _numbers() -> list[str]:
    return [
        field.name for field in msgspec.structs.fields(ReaderStatus) if field.type in {"int", int}
    ]
