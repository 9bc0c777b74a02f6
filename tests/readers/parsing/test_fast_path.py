"""Which chat lines take the fast path. `parsed_line` always checks that both paths agree."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readers.parsing.fast_path import fast_path
from readers.parsing.irc import parse_irc
from simulator.playback import load_recordings
from tests.readers.chat_lines import TAGS, line, parsed_line
from tests.readers.parsing import strategies
from tests.readers.parsing.strategies import thorough


def test_a_line_as_twitch_sends_it_takes_the_fast_path() -> None:
    """With or without emotes, and for any text."""
    assert fast_path(line("hi")) == parsed_line(line("hi"))
    raw = line("Kappa \U0001f602 :) ;id=1;", {"emotes": "25:0-4/1:8-9"})
    received = fast_path(raw)
    assert received is not None
    assert received == parsed_line(raw)
    assert (received.id, received.message.emotes) == (TAGS["id"], ["Kappa", ":)"])


def test_a_line_whose_last_tag_is_needed_takes_the_fast_path() -> None:
    """A later tag may be missing."""
    raw = line("hi").replace(b";user-type=mod", b"")
    assert b"user-id=55667788 :" in raw
    assert fast_path(raw) == parsed_line(raw)
    assert fast_path(raw) is not None


def test_most_recorded_lines_take_the_fast_path() -> None:
    """The others are old recordings, `/me` and notices."""
    chat = [
        line
        for recording in load_recordings()
        for line in recording.lines
        if (irc := parse_irc(line)) and irc.command == "PRIVMSG"
    ]
    fast = [line for line in chat if fast_path(line)]
    assert len(fast) > 0.9 * len(chat) > 0


@pytest.mark.parametrize(
    "raw",
    [
        line("hi", {"room-id": r"1\:2"}),
        line("hi", {"user-id": "4" + "\u0664"}),
        line("hi", {"tmi-sent-ts": "0"}),
        line("hi", {"tmi-sent-ts": "9" * 19}),
        line("\x01ACTION waves\x01"),
        line("hi", {"emotes": "25:0-4"}),
        line("Kappa", {"emotes": "25:0-4],[0-4"}),
        line("hi", {"msg-id": "announcement"}, "USERNOTICE"),
        line("hi").replace(b" :rosyfinch!", b"  :rosyfinch!"),
        line("hi").replace(b" :rosyfinch!", b" :RosyFinch!"),
        line("hi").replace(b"#birdwatch", b"rosyfinch"),
        line("hi").replace(b"@", b":"),
        # A missing tag is not read from the text instead.
        line(";user-id=1; :ann!a PRIVMSG #b :hi").replace(b"user-id=55667788;", b"", 1),
        b"",
    ],
)
def test_an_unusual_line_does_not_take_the_fast_path(raw: bytes) -> None:
    """The full parser decides whether it is a message."""
    assert fast_path(raw) is None
    parsed_line(raw)


@thorough
@given(st.permutations(list(TAGS)), st.integers(0, len(TAGS)), strategies.texts)
def test_both_paths_agree_on_missing_and_reordered_tags(
    names: list[str], count: int, text: str
) -> None:
    """The order decides only which path is taken."""
    tags = {name: TAGS[name] for name in names[:count]}
    parsed_line(strategies.irc_line(tags, "ann!ann@ann.tmi.twitch.tv", "PRIVMSG", ["#a", text]))


@thorough
@given(st.data(), st.binary(max_size=3))
def test_both_paths_agree_on_a_changed_line(data: st.DataObject, put: bytes) -> None:
    """A few bytes are removed or replaced anywhere."""
    raw = line("Kappa Shit Kappa", {"emotes": "25:0-4,12-16", "flags": "6-9:P.3"})
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 12)))
    changed = raw[:start] + put + raw[stop:]
    names = [tag.partition(b"=")[0] for tag in changed.partition(b" ")[0][1:].split(b";")]
    assume(len(names) == len(set(names)))
    parsed_line(changed)
