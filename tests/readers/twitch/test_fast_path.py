"""Which chat lines take the fast path. `received_in` checks everywhere that both paths agree."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readers.twitch.fast_path import fast_path
from readers.twitch.irc import parse_irc
from simulator.playback import load_recordings
from tests.readers.chat_lines import TAGS, line, received_in
from tests.readers.twitch import strategies
from tests.readers.twitch.strategies import thorough


def test_a_line_as_twitch_sends_it_goes_the_fast_way() -> None:
    """With emotes and without, whatever the text."""
    assert fast_path(line("hi")) == received_in(line("hi"))
    raw = line("Kappa \U0001f602 :) ;id=1;", {"emotes": "25:0-4/1:8-9"})
    heard = fast_path(raw)
    assert heard is not None
    assert heard == received_in(raw)
    assert (heard.id, heard.message.emotes) == (TAGS["id"], ["Kappa", ":)"])


def test_most_recorded_lines_go_the_fast_way() -> None:
    """What is left to the other way are old recordings, `/me`, and notices."""
    chat = [
        line
        for recording in load_recordings()
        for line in recording.lines
        if (irc := parse_irc(line)) and irc.command == "PRIVMSG"
    ]
    usual = [line for line in chat if fast_path(line)]
    assert len(usual) > 0.9 * len(chat) > 0


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
        # What is not in the tags is not taken from the text.
        line(";user-id=1; :ann!a PRIVMSG #b :hi").replace(b"user-id=55667788;", b"", 1),
        b"",
    ],
)
def test_a_line_with_anything_unusual_is_left_to_the_other_way(raw: bytes) -> None:
    """There it is a message or is not."""
    assert fast_path(raw) is None
    received_in(raw)


@thorough
@given(st.permutations(list(TAGS)), st.integers(0, len(TAGS)), strategies.texts)
def test_whatever_tags_are_missing_or_in_another_order_both_ways_agree(
    names: list[str], count: int, text: str
) -> None:
    """The order decides which way is taken, and nothing else."""
    tags = {name: TAGS[name] for name in names[:count]}
    received_in(strategies.irc_line(tags, "ann!ann@ann.tmi.twitch.tv", "PRIVMSG", ["#a", text]))


@thorough
@given(st.data(), st.binary(max_size=3))
def test_whatever_is_changed_in_a_line_both_ways_agree(data: st.DataObject, put: bytes) -> None:
    """A few bytes are taken out, or put in their place, anywhere."""
    raw = line("Kappa Shit Kappa", {"emotes": "25:0-4,12-16", "flags": "6-9:P.3"})
    start = data.draw(st.integers(0, len(raw)))
    stop = data.draw(st.integers(start, min(len(raw), start + 12)))
    changed = raw[:start] + put + raw[stop:]
    names = [tag.partition(b"=")[0] for tag in changed.partition(b" ")[0][1:].split(b";")]
    assume(len(names) == len(set(names)))
    received_in(changed)
