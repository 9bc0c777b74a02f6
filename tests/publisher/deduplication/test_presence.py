"""When no other reader was in a channel, by presence messages. Times are in milliseconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.frames import Presence
from publisher.deduplication.presence import PresenceTable

CHANNEL = "71"
US = "xqc/us"

Span = tuple[int, int]

#: The gap that most tests use.
GAP: Span = (100, 200)


def table_of(*presences: Presence) -> PresenceTable:
    table = PresenceTable()
    for presence in presences:
        table.note(presence)
    return table


def others_present(*spans: Span) -> PresenceTable:
    """Return a table in which each of the *spans* was reported by a different reader."""
    return table_of(
        *(Presence(f"xqc/{number}", CHANNEL, *span) for number, span in enumerate(spans))
    )


@pytest.mark.parametrize(
    ("spans", "unattended"),
    [
        pytest.param([], GAP, id="no other reader"),
        pytest.param([(50, 250)], None, id="present all the time"),
        pytest.param([GAP], None, id="exactly the gap"),
        pytest.param([(50, 150)], (151, 200), id="left"),
        pytest.param([(150, 250)], (100, 149), id="joined"),
        pytest.param([(120, 180)], GAP, id="joined and left"),
        pytest.param([(50, 120), (180, 250)], (121, 179), id="one left, one joined"),
        pytest.param([(50, 150), (140, 250)], None, id="one joined before the other left"),
        pytest.param([(140, 250), (50, 150)], None, id="the same, reported in another order"),
        pytest.param([(50, 150), (151, 250)], None, id="one joined as the other left"),
        pytest.param([(90, 110), (105, 130), (120, 140)], (141, 200), id="three in turn"),
        pytest.param([(50, 150), (60, 110)], (151, 200), id="one within another"),
        pytest.param([(10, 99), (201, 300)], GAP, id="before and after"),
    ],
)
def test_the_unattended_time_is_cut_from_both_ends(
    spans: list[Span], unattended: Span | None
) -> None:
    """It reaches from the first moment without another reader to the last such moment."""
    assert others_present(*spans).unattended(CHANNEL, US, *GAP) == unattended


@given(
    spans=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), max_size=8),
    gap=st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted),
)
def test_the_unattended_time_agrees_with_a_search_of_every_moment(
    spans: list[list[int]], gap: list[int]
) -> None:
    """The search checks each millisecond of the gap against every span."""
    from_ms, to_ms = gap
    unattended_moments = [
        moment
        for moment in range(from_ms, to_ms + 1)
        if not any(since <= moment <= until for since, until in spans)
    ]
    expected = (unattended_moments[0], unattended_moments[-1]) if unattended_moments else None

    table = others_present(*((since, until) for since, until in spans))

    assert table.unattended(CHANNEL, US, from_ms, to_ms) == expected


def test_a_readers_own_presence_does_not_count() -> None:
    """A gap begins some seconds before the reader left, because messages arrive late."""
    table = table_of(Presence(US, CHANNEL, 50, 150))

    assert table.unattended(CHANNEL, US, *GAP) == GAP


def test_presence_in_another_channel_does_not_count() -> None:
    """Each channel has its own readers."""
    table = table_of(Presence("xqc/them", "72", 50, 250))

    assert table.unattended(CHANNEL, US, *GAP) == GAP


def test_the_latest_end_of_a_repeated_presence_counts() -> None:
    """Also when an earlier report arrives late."""
    them = [Presence("xqc/them", CHANNEL, 50, until) for until in (120, 160, 140)]

    assert table_of(*them).unattended(CHANNEL, US, *GAP) == (161, 200)


def test_a_presence_before_a_break_is_kept() -> None:
    """A reader that was present twice was away in between."""
    table = table_of(
        Presence("xqc/them", CHANNEL, 50, 120), Presence("xqc/them", CHANNEL, 150, 250)
    )

    assert table.unattended(CHANNEL, US, *GAP) == (121, 149)


def test_the_span_reported_longest_ago_is_forgotten_first() -> None:
    """A span that is still reported is kept, however long ago it began."""
    table = PresenceTable(spans=2)
    for presence in (
        Presence("xqc/steady", CHANNEL, 50, 110),
        Presence("xqc/unsteady", CHANNEL, 180, 205),
        Presence("xqc/steady", CHANNEL, 50, 130),
        Presence("xqc/unsteady", CHANNEL, 300, 310),
    ):
        table.note(presence)

    assert table.unattended(CHANNEL, US, *GAP) == (131, 200)


def test_the_channel_reported_longest_ago_is_forgotten_first() -> None:
    """This bounds the memory."""
    table = PresenceTable(channels=2)
    for channel in ("a", "b", "a", "c"):
        table.note(Presence("xqc/them", channel, 50, 250))

    remembered = [table.unattended(channel, US, *GAP) is None for channel in ("a", "b", "c")]
    assert remembered == [True, False, True]
