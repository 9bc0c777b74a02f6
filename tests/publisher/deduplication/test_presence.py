"""When nobody else was in a channel, as told by those who were; times are milliseconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.frames import Presence
from publisher.deduplication.presence import PresenceTable

CHANNEL = "71"
US = "xqc/us"

Span = tuple[int, int]

#: The gap that most tests ask for.
GAP: Span = (100, 200)


def roll_call(*presences: Presence) -> PresenceTable:
    calls = PresenceTable()
    for presence in presences:
        calls.note(presence)
    return calls


def by_others(*spans: Span) -> PresenceTable:
    """Return a roll call in which each of the *spans* was told by a reader of its own."""
    return roll_call(
        *(Presence(f"xqc/{number}", CHANNEL, *span) for number, span in enumerate(spans))
    )


@pytest.mark.parametrize(
    ("spans", "unattended"),
    [
        pytest.param([], GAP, id="nobody"),
        pytest.param([(50, 250)], None, id="somebody all the time"),
        pytest.param([GAP], None, id="from the first moment to the last"),
        pytest.param([(50, 150)], (151, 200), id="somebody who left"),
        pytest.param([(150, 250)], (100, 149), id="somebody who came"),
        pytest.param([(120, 180)], GAP, id="somebody who came and left"),
        pytest.param([(50, 120), (180, 250)], (121, 179), id="one left, one came"),
        pytest.param([(50, 150), (140, 250)], None, id="one came before the other left"),
        pytest.param([(140, 250), (50, 150)], None, id="the same, told in another order"),
        pytest.param([(50, 150), (151, 250)], None, id="one came as the other left"),
        pytest.param([(90, 110), (105, 130), (120, 140)], (141, 200), id="three in turn"),
        pytest.param([(50, 150), (60, 110)], (151, 200), id="one within another"),
        pytest.param([(10, 99), (201, 300)], GAP, id="before and after"),
    ],
)
def test_what_is_unattended_is_cut_from_both_ends(
    spans: list[Span], unattended: Span | None
) -> None:
    """What remains reaches from the first moment without anybody to the last such moment."""
    assert by_others(*spans).unattended(CHANNEL, US, *GAP) == unattended


@given(
    spans=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), max_size=8),
    gap=st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted),
)
def test_it_is_what_counting_moments_gives(spans: list[list[int]], gap: list[int]) -> None:
    """Goes through every moment of the gap, and looks for a span that it is in."""
    from_ms, to_ms = gap
    alone = [
        moment
        for moment in range(from_ms, to_ms + 1)
        if not any(since <= moment <= until for since, until in spans)
    ]
    expected = (alone[0], alone[-1]) if alone else None

    calls = by_others(*((since, until) for since, until in spans))

    assert calls.unattended(CHANNEL, US, from_ms, to_ms) == expected


def test_a_readers_own_presence_does_not_count() -> None:
    """A gap begins some seconds before the reader left, as messages come late."""
    calls = roll_call(Presence(US, CHANNEL, 50, 150))

    assert calls.unattended(CHANNEL, US, *GAP) == GAP


def test_presence_in_another_channel_does_not_count() -> None:
    """Each channel has its own readers."""
    calls = roll_call(Presence("xqc/them", "72", 50, 250))

    assert calls.unattended(CHANNEL, US, *GAP) == GAP


def test_a_presence_that_goes_on_is_told_again() -> None:
    """The furthest end counts, also when an earlier one comes late."""
    them = [Presence("xqc/them", CHANNEL, 50, until) for until in (120, 160, 140)]

    assert roll_call(*them).unattended(CHANNEL, US, *GAP) == (161, 200)


def test_a_presence_before_a_break_is_kept() -> None:
    """Somebody who was there twice was away in between."""
    calls = roll_call(
        Presence("xqc/them", CHANNEL, 50, 120), Presence("xqc/them", CHANNEL, 150, 250)
    )

    assert calls.unattended(CHANNEL, US, *GAP) == (121, 149)


def test_the_span_told_of_longest_ago_is_forgotten_first() -> None:
    """One that still goes on is kept, however long ago it began."""
    calls = PresenceTable(spans=2)
    for presence in (
        Presence("xqc/steady", CHANNEL, 50, 110),
        Presence("xqc/unsteady", CHANNEL, 180, 205),
        Presence("xqc/steady", CHANNEL, 50, 130),
        Presence("xqc/unsteady", CHANNEL, 300, 310),
    ):
        calls.note(presence)

    assert calls.unattended(CHANNEL, US, *GAP) == (131, 200)


def test_the_channel_told_of_longest_ago_is_forgotten_first() -> None:
    """Bounds what is remembered."""
    calls = PresenceTable(channels=2)
    for channel in ("a", "b", "a", "c"):
        calls.note(Presence("xqc/them", channel, 50, 250))

    remembered = [calls.unattended(channel, US, *GAP) is None for channel in ("a", "b", "c")]
    assert remembered == [True, False, True]
