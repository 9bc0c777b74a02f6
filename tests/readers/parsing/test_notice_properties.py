"""Properties that every notice has, tested on generated lines."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from common.chat_event import UNKNOWN, decode_chat_event, encode_chat_event
from readers.parsing.irc import parse_irc
from readers.parsing.notice_parser import notice_event
from readers.parsing.notice_payloads import PAYLOADS
from readers.parsing.received import ReceivedEvent, ReceivedMessage
from tests.readers.chat_lines import NOW_MS, ROOM_ID
from tests.readers.parsing import strategies
from tests.readers.parsing.notice_lines import received_in
from tests.readers.parsing.strategies import irc_line, notice_tags, thorough

_MSG_IDS = st.sampled_from([*PAYLOADS, "ritual", "useranniversary"])
_TAGS = notice_tags(_MSG_IDS)
_PARAMS = st.one_of(strategies.params, strategies.texts.map(lambda text: ["#birdwatch", text]))

_SOURCE = "tmi.twitch.tv"

_FRAGMENTS = [
    *(b"@", b":", b" ", b";", b"=", b"\\", b"\\s", b"\x01", b"\xff", b"\xf0\x9f\x98\x82", b"#a"),
    *(b"USERNOTICE", b" USERNOTICE #a :", b"@msg-id=", b"resub", b"raid", b"sharedchatnotice"),
    *(b";source-msg-id=", b";msg-param-", b";msg-param-months=", b"9999999999999999999999", b"-1"),
]


def _has_null(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_null(one) for one in value.values())
    return value is None or (isinstance(value, list) and any(_has_null(one) for one in value))


def _check_record(received: ReceivedEvent) -> None:
    """It can be encoded without loss, nothing is null, and its payload is that of its type."""
    value = encode_chat_event(received.event)
    assert decode_chat_event(value) == received.event
    record = json.loads(value)
    assert not _has_null(record)
    kinds = {kind for kind, _ in PAYLOADS.values()} & record.keys()
    assert kinds == ({record["type"]} - {UNKNOWN})
    assert ("msg_id" in record) == (record["type"] == UNKNOWN)


@thorough
@given(_TAGS, _PARAMS)
def test_any_tags_become_a_record_or_nothing(tags: dict[str, str], params: list[str]) -> None:
    """An event if it is a notice to a channel that says what happened."""
    irc = parse_irc(irc_line(tags, _SOURCE, "USERNOTICE", params))
    assert irc is not None
    received = notice_event(irc, ROOM_ID, NOW_MS)
    assert (received is not None) == bool(irc.params and irc.params[0].startswith("#"))
    if received:
        _check_record(received)


@thorough
@given(st.one_of(st.binary(), st.lists(st.sampled_from(_FRAGMENTS)).map(b"".join)))
def test_any_bytes_become_a_record_or_nothing(raw: bytes) -> None:
    """Nothing raises."""
    irc = parse_irc(raw)
    if irc and (received := notice_event(irc, ROOM_ID, NOW_MS)):
        _check_record(received)


@thorough
@given(_TAGS, strategies.texts, st.integers(min_value=0, max_value=60_000))
def test_the_same_notice_has_the_same_id_on_two_connections(
    tags: dict[str, str], text: str, later_ms: int
) -> None:
    """Although it arrives later on one of them. An announcement's message has that id, too."""
    raw = irc_line(tags, _SOURCE, "USERNOTICE", ["#birdwatch", text])
    *messages, event = received_in(raw)
    assert received_in(raw, NOW_MS + later_ms)[-1].id == event.id
    for message in messages:
        assert isinstance(message, ReceivedMessage)
        assert message.id in {event.id, ""}


@thorough
@given(
    _TAGS,
    st.sampled_from(
        [
            {"user-id": "274598607"},
            {"login": "AnAnonymousGifter"},
            {"msg-id": "anonsubgift"},
            {"msg-id": "sharedchatnotice", "source-msg-id": "anonsubmysterygift"},
        ]
    ),
)
def test_nothing_says_who_gave_anonymously(tags: dict[str, str], anonymous: dict[str, str]) -> None:
    """Wherever their name is."""
    names = ("user-id", "login", "display-name", "color", "badges", "badge-info", "source-badges")
    of_the_user = dict.fromkeys(names, "wren/nightingale")
    raw = irc_line(tags | of_the_user | anonymous, _SOURCE, "USERNOTICE", ["#birdwatch"])
    (received,) = received_in(raw)
    assert isinstance(received, ReceivedEvent)
    value = encode_chat_event(received.event)
    assert b"nightingale" not in value
    record = json.loads(value)
    assert record["chatter_is_anonymous"]
    assert not record.keys() & {"user_id", "username", "roles"}
    assert "cumulative_total" not in record.get(record["type"], {})
