"""Notices on recorded lines, against the stored JSON that goes to Kafka."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.chat_event import UNKNOWN, decode_chat_event, encode_chat_event
from readers.parsing.irc import parse_irc
from readers.parsing.notice_parser import notice_event
from readers.parsing.notice_payloads import PAYLOADS
from readers.parsing.received import ReceivedEvent
from tests.corpora import expected_events, own_recordings, recorded_lines, recordings
from tests.readers.chat_lines import NOW_MS, ROOM_ID

# They are rare, or Twitch has given them up, and EventSub does not have them.
NO_TYPE_OF_THEIR_OWN = {
    *("extendsub", "primecommunitygiftreceived", "rewardgift", "ritual", "viewermilestone"),
    # Made up.
    *("unknown",),
}


def _name(recording: Path) -> str:
    return recording.name


def _notice(line: bytes) -> ReceivedEvent | None:
    irc = parse_irc(line)
    return notice_event(irc, ROOM_ID, NOW_MS) if irc else None


@pytest.mark.parametrize("recording", own_recordings(), ids=_name)
def test_our_recordings_become_the_expected_events(recording: Path) -> None:
    """Each notice becomes its stored JSON, byte for byte, and no other line becomes one."""
    events = {
        number: encode_chat_event(received.event)
        for number, line in enumerate(recorded_lines(recording), start=1)
        if (received := _notice(line)) is not None
    }
    assert events == expected_events()[recording.name]


def test_every_type_of_notice_is_recorded() -> None:
    """And one that is not known."""
    stored = [
        json.loads(event) for events in expected_events().values() for event in events.values()
    ]
    assert {event["type"] for event in stored} == {kind for kind, _ in PAYLOADS.values()} | {
        UNKNOWN
    }
    lines = [line.decode() for file in own_recordings() for line in recorded_lines(file)]
    for msg_id in PAYLOADS:
        assert any(f"msg-id={msg_id};" in line for line in lines), msg_id


@pytest.mark.parametrize("recording", recordings(), ids=_name)
def test_every_recorded_notice_is_an_event(recording: Path) -> None:
    """Of a known type. JSON encodes it without loss."""
    for line in recorded_lines(recording):
        irc, received = parse_irc(line), _notice(line)
        assert irc is not None
        if irc.command != "USERNOTICE" or not irc.tags.get("msg-id"):
            assert received is None
            continue
        assert received is not None
        event = received.event
        assert event.type != UNKNOWN or event.msg_id in NO_TYPE_OF_THEIR_OWN
        assert event.channel_id == irc.tags.get("room-id", event.channel_id)
        # One recorded line lacks the text that its emotes are in.
        positions = irc.tags.get("emotes", "").count("-") if event.message else 0
        assert len(event.emotes) == positions
        assert decode_chat_event(encode_chat_event(event)) == event
