"""Which chat lines take the fast path of extended messages. `parsed_line` checks that all agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.extended_fast_path import _USUAL_CHAT, extended_fast_path
from readers.parsing.fast_path import fast_path
from readers.parsing.irc import parse_irc
from simulator.playback import load_recordings
from tests.readers.chat_lines import TAGS, UNUSUAL_LINES, line, parsed_line
from tests.readers.parsing import strategies
from tests.readers.parsing.strategies import thorough

_NONCE = f"client-nonce={TAGS['client-nonce']};".encode()

_REPLY = rb"reply-parent-display-name=Ann\sB;reply-parent-msg-body=a\:b;reply-parent-msg-id=1;"
_SHARED = b"source-badges=vip/1;source-id=2;source-only=1;source-room-id=3;"


def with_others(raw: bytes, reply: bytes, shared: bytes) -> bytes:
    """Return a line with more tags, where Twitch sends those of a reply and of a shared chat."""
    raw = raw.replace(b";returning-chatter=", b";" + reply + b"returning-chatter=", 1)
    return raw.replace(b";subscriber=", b";" + shared + b"subscriber=", 1)


@pytest.mark.parametrize(
    "raw",
    [
        line("hi").replace(rb"Rosy\sFinch", b"RosyFinch"),
        with_others(line("hi"), _REPLY, b""),
        with_others(line("hi"), _REPLY, _SHARED),
        with_others(line("hi"), rb"reply-parent-msg-id=\;", b"source-only=1;"),
        line("hi", {"first-msg": "1", "returning-chatter": "1"}),
        line("hi").replace(b";emotes=", b";emote-only=1;emotes="),
        line("hi", {"display-name": "rosyfinch", "vip": "1"}),
        line("hi", {"display-name": "rosyfinch"}).replace(_NONCE, b""),
        line("hi", {"display-name": "雀", "flags": "0-1:P.3"}),
        line("Kappa \U0001f602 :) ;id=1;", {"display-name": "", "emotes": "25:0-4/1:8-9"}),
    ],
)
def test_one_expression_parses_a_line_as_twitch_sends_most(raw: bytes) -> None:
    """Whatever the text, and with or without emotes."""
    assert _USUAL_CHAT.match(raw.decode())
    assert extended_fast_path(raw) is not None
    parsed_line(raw)


@pytest.mark.parametrize(
    "raw",
    [
        line("hi"),
        line("\x01ACTION waves Kappa\x01", {"emotes": "25:6-10"}),
        line("hi", {"bits": "5", "new-tag": "1"}),
        line("hi").replace(b"badges=", b"badgers="),
        b"@tmi-sent-ts=1704557984095;room-id=1;user-id=2 :ann!a@a PRIVMSG #birdwatch :hi",
    ],
)
def test_a_line_with_other_tags_takes_the_fast_path(raw: bytes) -> None:
    """In any order, and with a `/me`."""
    assert extended_fast_path(raw) is not None
    parsed_line(raw)


def test_most_recorded_lines_take_the_fast_path() -> None:
    """At least those that are on the fast path of the six fields."""
    chat = [
        line
        for recording in load_recordings()
        for line in recording.lines
        if (irc := parse_irc(line)) and irc.command == "PRIVMSG"
    ]
    fast = [line for line in chat if extended_fast_path(line)]
    assert len(fast) > 0.95 * len(chat) > 0
    assert not [line for line in chat if fast_path(line) and not extended_fast_path(line)]


@pytest.mark.parametrize(
    "raw",
    [*UNUSUAL_LINES, line("hi").replace(b"#birdwatch", b"#BirdWatch"), b"@"],
)
def test_an_unusual_line_does_not_take_the_fast_path(raw: bytes) -> None:
    """The full parser decides whether it is a message."""
    assert extended_fast_path(raw) is None
    parsed_line(raw)


def test_tags_in_the_text_are_text() -> None:
    """Also if a line with all usual tags is in it."""
    inner = line("inner", {"display-name": "RosyFinch"}).decode().rstrip().partition(";")[2]
    raw = f"@badge-info= :ann!a@a PRIVMSG #birdwatch :;{inner}"
    assert _USUAL_CHAT.match(raw)
    received = parsed_line(raw.encode())
    assert received is not None
    assert (received.message.username, received.message.message) == ("ann", f";{inner}")


@thorough
@given(st.data(), st.binary(max_size=3))
def test_both_paths_agree_on_a_changed_line(data: st.DataObject, put: bytes) -> None:
    """A few bytes are removed or replaced anywhere."""
    raw = line(
        "Kappa Shit Kappa",
        {
            "display-name": "RosyFinch",
            "emotes": "25:0-4,12-16/9:6-9",
            "flags": "6-9:P.3",
            **data.draw(st.sampled_from([{}, {"bits": "5"}, {"vip": "1"}])),
        },
    )
    reply, shared = data.draw(st.sampled_from([(b"", b""), (_REPLY, _SHARED)]))
    raw = with_others(raw, reply, shared)
    parsed_line(strategies.changed_line(data, raw, put))


@given(strategies.texts_with_emotes())
def test_both_paths_agree_on_emotes(drawn: tuple[str, list[tuple[str, int]]]) -> None:
    """With one emote or several, wherever they are."""
    text, uses = drawn
    parsed_line(line(text, {"emotes": strategies.emotes_tag(uses), "display-name": "RosyFinch"}))
