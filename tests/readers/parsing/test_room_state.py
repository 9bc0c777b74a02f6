"""The settings in a ROOMSTATE, on recorded lines."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.irc import parse_irc
from readers.parsing.room_state import chat_settings, room_state
from tests.corpora import own_recordings, recorded_lines

LINES = [line.decode() for file in own_recordings() for line in recorded_lines(file)]

ALL_OFF = "@emote-only=0;followers-only=-1;r9k=0;rituals=0;room-id=92930267;slow=0;subs-only=0"


def said(state: Mapping[str, int], *, snapshot: bool = False) -> object:
    """Return what *state* is in a record."""
    return json.loads(msgspec.json.encode(chat_settings(state, snapshot=snapshot)))


@pytest.mark.parametrize(
    ("start", "record"),
    [
        ("@emote-only=1;room-id=92930267 ", {"emote_mode": True}),
        ("@emote-only=0 ", {"emote_mode": False}),
        ("@room-id=92930267;subs-only=1 ", {"subscriber_mode": True}),
        ("@subs-only=0 ", {"subscriber_mode": False}),
        ("@r9k=1 ", {"unique_chat_mode": True}),
        ("@r9k=0 ", {"unique_chat_mode": False}),
        ("@room-id=92930267;slow=5 ", {"slow_mode": True, "slow_mode_wait_time_seconds": 5}),
        ("@slow=0 :tmi.twitch.tv ROOMSTATE #t", {"slow_mode": False}),
        ("@followers-only=-1 ", {"follower_mode": False}),
        ("@followers-only=0 ", {"follower_mode": True, "follower_mode_duration_minutes": 0}),
        ("@followers-only=10;", {"follower_mode": True, "follower_mode_duration_minutes": 10}),
        (
            ALL_OFF,
            {
                "emote_mode": False,
                "follower_mode": False,
                "slow_mode": False,
                "subscriber_mode": False,
                "unique_chat_mode": False,
            },
        ),
    ],
)
def test_a_recorded_state_becomes_the_words_of_eventsub(start: str, record: object) -> None:
    """What is off says so; a mode that is off has no duration, and no field is null."""
    (line,) = (line for line in LINES if line.startswith(start))
    irc = parse_irc(line.encode())
    assert irc is not None
    assert irc.command == "ROOMSTATE"
    assert said(room_state(irc.tags)) == record


def test_a_snapshot_says_so() -> None:
    """With both durations, it has all seven fields."""
    tags = {"emote-only": "1", "followers-only": "5", "r9k": "1", "slow": "30", "subs-only": "0"}
    assert said(room_state(tags), snapshot=True) == {
        "snapshot": True,
        "emote_mode": True,
        "follower_mode": True,
        "follower_mode_duration_minutes": 5,
        "slow_mode": True,
        "slow_mode_wait_time_seconds": 30,
        "subscriber_mode": False,
        "unique_chat_mode": True,
    }


@pytest.mark.parametrize("name", ["emote-only", "followers-only", "r9k", "slow", "subs-only"])
@pytest.mark.parametrize("value", ["", "x", "-2", "1.5", "+1", " 1", "1\n", "\u0661", "9" * 5000])
def test_an_invalid_value_is_ignored(name: str, value: str) -> None:
    """The others count."""
    other = "r9k" if name == "slow" else "slow"
    assert room_state({name: value, other: "1"}) == {other: 1}


@pytest.mark.parametrize("name", ["emote-only", "r9k", "subs-only"])
def test_a_switch_is_on_or_off(name: str) -> None:
    """2 is neither."""
    assert room_state({name: "2"}) == {}


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("emote-only", "followers-only", "r9k", "slow", "subs-only"),
            st.text() | st.integers().map(str),
        ),
    )
)
def test_nothing_raises_and_nothing_is_null(tags: dict[str, str]) -> None:
    """Whatever Twitch sends."""
    record = said(room_state(tags))
    assert isinstance(record, dict)
    assert None not in record.values()
