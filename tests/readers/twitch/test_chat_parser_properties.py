"""What holds of every line of chat, tried on many."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from common.chat_message import ChatMessage, decode_chat_message, encode_chat_message
from tests.readers.chat_lines import received_in, said
from tests.readers.twitch import strategies
from tests.readers.twitch.strategies import thorough

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
def test_whatever_bytes_come_the_message_can_be_encoded(raw: bytes) -> None:
    """Nothing raises, and a message that comes out survives its JSON."""
    if heard := received_in(raw):
        assert decode_chat_message(encode_chat_message(heard.message)) == heard.message


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
    """Whatever the text and the other tags, each field comes back as it went in."""
    text, uses = drawn
    # Typed so, it would be a `/me` message.
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
    assert said(raw) == ChatMessage(room_id, user_id, login, text, timestamp, names)
