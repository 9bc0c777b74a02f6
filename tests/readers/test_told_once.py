"""What moderators do, from the simulated Twitch to the outbox: once, and in order."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from common.frames import Kind
from readers.outbox.outbox import Outbox
from readers.parsing.received import Received
from readers.record_builder import RecordBuilder
from simulator.chat_server import ChatServer
from tests.readers.memberships import (
    CHANNEL,
    ROOM_ID,
    SHORT_DELAYS,
    Listener,
    membership_of,
    settings_for,
)
from tests.readers.outboxes import batches_after
from tests.readers.polling import until

SENT_MS = 1_700_000_000_000

OFF = {
    "emote_mode": False,
    "follower_mode": False,
    "slow_mode": False,
    "subscriber_mode": False,
    "unique_chat_mode": False,
}

#: The old connection stays until the test ends it.
LONG_OVERLAP = SHORT_DELAYS._replace(overlap_s=60.0)


class Builder(Listener):
    """Puts what a membership receives into the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(outbox)
        self.builder = RecordBuilder(outbox.append)

    def take(self, chat: list[Received]) -> None:
        """Make records of *chat*."""
        super().take(chat)
        self.builder.take(chat)

    def events(self) -> list[Any]:
        """Return the payloads of the events in the outbox."""
        values = [
            json.loads(record.value)
            for batch in batches_after(self.outbox, 0)
            if batch.kind is Kind.EVENT
            for record in batch.records
        ]
        return [{value["type"]: value[value["type"]]} for value in values]


@pytest.fixture
def listener(outbox: Outbox) -> Builder:
    """Return a listener that has received nothing yet."""
    return Builder(outbox)


def line(tags: str, rest: str) -> bytes:
    """Return a line of the server."""
    return f"@room-id={ROOM_ID};{tags} :tmi.twitch.tv {rest}".encode()


BAN = line(f"target-user-id=5;tmi-sent-ts={SENT_MS}", f"CLEARCHAT #{CHANNEL} :ann")
CLEAR = line(f"tmi-sent-ts={SENT_MS + 1}", f"CLEARCHAT #{CHANNEL}")
SLOW = line("slow=5", f"ROOMSTATE #{CHANNEL}")
NOT_SLOW = line("slow=0", f"ROOMSTATE #{CHANNEL}")


def deletion(message_id: str, text: str) -> bytes:
    """Return the line of a deleted message, as Twitch sends it."""
    return (
        f"@login=ann;room-id=;target-msg-id={message_id};tmi-sent-ts=-6795364578871"
        f" :tmi.twitch.tv CLEARMSG #{CHANNEL} :{text}"
    ).encode()


async def test_what_two_connections_say_is_in_the_outbox_once(
    twitch: ChatServer, listener: Builder
) -> None:
    """While one replaces the other, both get all lines. Their settings at the join are equal."""
    async with membership_of(settings_for(twitch), listener, timing=LONG_OVERLAP):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.request_reconnect()
        members = await twitch.wait_for_join(CHANNEL, members=2)
        for sent in (BAN, CLEAR, deletion("55dc74c9", "oh"), SLOW, NOT_SLOW, SLOW):
            await twitch.send_line(CHANNEL, sent)
        await twitch.ping_and_wait(CHANNEL)
        assert twitch.members(CHANNEL) == members
    slow = {"chat_settings_update": {"slow_mode": True, "slow_mode_wait_time_seconds": 5}}
    assert listener.events() == [
        {"chat_settings_update": {"snapshot": True, **OFF}},
        {"clear_user_messages": {"target_user_id": "5", "target_user_login": "ann"}},
        {"clear": {}},
        {"message_delete": {"message_id": "55dc74c9", "target_user_login": "ann"}},
        slow,
        {"chat_settings_update": {"slow_mode": False}},
        slow,
    ]


async def test_a_restarted_reader_tells_the_settings_only_if_they_differ(
    twitch: ChatServer, listener: Builder
) -> None:
    """It finds what was told in the status page that the last one has left."""
    for slow in ("0", "0", "5"):
        async with membership_of(settings_for(twitch), listener):
            await twitch.wait_for_join(CHANNEL)
            if slow == "5":
                await twitch.send_line(CHANNEL, SLOW)
            await twitch.ping_and_wait(CHANNEL)
        await twitch.wait_until(lambda: not twitch.sessions, what="the end of the reader")
    assert len(listener.events()) == 2
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await until(lambda: len(listener.events()) == 3)
    assert listener.events()[2] == {"chat_settings_update": {"snapshot": True, **OFF}}


async def test_settings_are_told_once_the_publisher_takes_events(
    twitch: ChatServer, listener: Builder
) -> None:
    """Whatever comes next from Twitch makes the reader look."""
    listener.takes_events = False
    async with membership_of(settings_for(twitch), listener):
        await twitch.wait_for_join(CHANNEL)
        await until(lambda: listener.outbox.absence() is not None)
        assert not listener.events()
        listener.takes_events = True
        await twitch.ping_and_wait(CHANNEL)
        await until(lambda: len(listener.events()) == 1)
    assert listener.events() == [{"chat_settings_update": {"snapshot": True, **OFF}}]


async def test_settings_come_in_order_with_the_chat(twitch: ChatServer, listener: Builder) -> None:
    """In one read of the socket, too: three batches."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.ping_and_wait(CHANNEL)
        await until(lambda: listener.outbox.absence() is not None)
        last_seq = listener.outbox.last_seq
        said = [f":ann!ann@ann.tmi.twitch.tv PRIVMSG #{CHANNEL} :{n}".encode() for n in range(2)]
        await session.misbehave.send_raw(b"\r\n".join([said[0], SLOW, said[1], b""]))
        await twitch.ping_and_wait(CHANNEL)
    batches = batches_after(listener.outbox, last_seq)
    assert [batch.kind for batch in batches] == [Kind.CHAT, Kind.EVENT, Kind.CHAT]


@pytest.mark.parametrize("state", ["ROOMSTATE #other", "ROOMSTATE"])
async def test_settings_of_another_channel_are_not_told(
    twitch: ChatServer, listener: Builder, state: str
) -> None:
    """A server that mixes them up does not change ours."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await session.misbehave.send_raw(line("slow=5", state) + b"\r\n")
        await twitch.ping_and_wait(CHANNEL)
    assert len(listener.events()) == 1


async def test_a_deleted_text_is_in_no_record_and_no_log_line(
    twitch: ChatServer, listener: Builder, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it looks like, and at debug, where messages are logged."""
    caplog.set_level(logging.DEBUG)
    texts = ["sosecret", "\x01ACTION sosecret\x01", "@id=1 :x PRIVMSG #xqc :sosecret", "sosecret"]
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        for number, text in enumerate(texts):
            await session.misbehave.send_raw(deletion(f"id{number}", text) + b"\r\n")
        await twitch.ping_and_wait(CHANNEL)
    records = [record for batch in batches_after(listener.outbox, 0) for record in batch.records]
    assert sum(b"message_delete" in record.value for record in records) == len(texts)
    assert "message_delete" in caplog.text
    assert "sosecret" not in repr(records) + caplog.text
