"""Properties that every chat line has, tested on generated lines."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from common.chat_message import ChatMessage, decode_chat_message, encode_chat_message
from tests.readers.chat_lines import parsed_line, parsed_message
from tests.readers.parsing import strategies
from tests.readers.parsing.strategies import thorough

_FRAGMENTS = [
    *(
        b"@",
        b":",
        b" ",
        b"  ",
        b";",
        b"=",
        b"\\",
        b",",
        b"-",
        b"/",
        b"\x01",
        b"\xff",
        b"\xf0\x9f\x98\x82",
    ),
    *(b"PRIVMSG", b"USERNOTICE", b" #a :", b":a!a@a", b"\x01ACTION ", b"Kappa", b"\r", b"\n"),
    *(b"@emotes=", b";emotes=25:0-4", b";flags=0-1:A.5", b";tmi-sent-ts=", b"17", b"login="),
    *(b";msg-id=announcement", b";room-id=", b"999999999999999999999999"),
]


@thorough
@given(st.one_of(st.binary(), st.lists(st.sampled_from(_FRAGMENTS)).map(b"".join)))
def test_a_message_from_any_bytes_can_be_encoded(raw: bytes) -> None:
    """No bytes raise, and JSON encodes the message without loss."""
    if received := parsed_line(raw):
        assert decode_chat_message(encode_chat_message(received.message)) == received.message


@thorough
@given(
    strategies.texts_with_emotes(),
    strategies.tags,
    st.tuples(strategies.ids, strategies.ids, strategies.logins, strategies.timestamps),
    st.sampled_from(["plain", "action", "announcement"]),
)
def test_a_line_made_from_fields_becomes_the_message_with_those_fields(
    drawn: tuple[str, list[tuple[str, int]]],
    other_tags: dict[str, str],
    fields: tuple[str, str, str, int],
    kind: str,
) -> None:
    """For any text and any other tags."""
    text, uses = drawn
    # Such a text would be a `/me` message.
    assume(kind == "action" or not text.startswith("\x01ACTION"))
    room_id, user_id, login, timestamp = fields
    tags = other_tags | {
        "room-id": room_id,
        "user-id": user_id,
        "tmi-sent-ts": str(timestamp),
        "emotes": strategies.emotes_tag(uses),
        "flags": "",
    }
    source, command = f"{login}!{login}@{login}.tmi.twitch.tv", "PRIVMSG"
    if kind == "announcement":
        tags |= {"login": login, "msg-id": "announcement"}
        source, command = "tmi.twitch.tv", "USERNOTICE"
    typed = f"\x01ACTION {text}\x01" if kind == "action" else text
    raw = strategies.irc_line(tags, source, command, ["#birdwatch", typed])
    names = [name for name, _ in uses]
    assert parsed_message(raw) == ChatMessage(room_id, user_id, login, text, timestamp, names)
