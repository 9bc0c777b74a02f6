"""Which chat lines take the fast path. `parsed_line` always checks that both paths agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.fast_path import fast_path
from readers.parsing.irc import parse_irc
from simulator.playback import load_recordings
from tests.readers.chat_lines import TAGS, UNUSUAL_LINES, line, parsed_line
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
    [*UNUSUAL_LINES, line("\x01ACTION waves\x01")],
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
    parsed_line(strategies.changed_line(data, raw, put))
