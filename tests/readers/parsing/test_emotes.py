"""Emote positions, and the names at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.extended_message import EmoteRange
from readers.parsing.emotes import emote_names, emote_ranges, well_placed_emotes, well_placed_ranges
from tests.readers.parsing import strategies
from tests.readers.parsing.strategies import thorough

if TYPE_CHECKING:
    from random import Random


@pytest.mark.parametrize(
    ("emotes", "text", "names"),
    [
        ("", "no emotes", []),
        ("25:0-4", "Kappa", ["Kappa"]),
        ("25:0-4,12-16/1902:6-10", "Kappa Keepo Kappa", ["Kappa", "Keepo", "Kappa"]),
        ("25:12-16,0-4", "Kappa Keepo Kappa", ["Kappa", "Kappa"]),
        ("25:0-4/25:6-10", "Kappa Kappa", ["Kappa", "Kappa"]),
        ("41:0-7,9-16", "Kreygasm,Kreygasm", ["Kreygasm", "Kreygasm"]),
        ("25:0-4/1902:6-10/88:12-19", "Kappa.Keepo.PogChamp.", ["Kappa", "Keepo", "PogChamp"]),
        ("25:1-5", "\U0001f602Kappa\U0001f602", ["Kappa"]),
        ("9:2-3,7-8", "\U0001f449 <3 \U0001f449 <3", ["<3", "<3"]),
        ("25:15-19", "@someone hello Kappa \U000e0000", ["Kappa"]),
        ("300196486_TK:0-7", "pajaM_TK", ["pajaM_TK"]),
        ("emotesv2_ee52e9d2f1344320bad5e93dd2a6e570:3-13", "go forsenParty", ["forsenParty"]),
        (":0-4", "Kappa", ["Kappa"]),
        ("80481_/3:7-14", "\U000e0000-tags pajaW_/3.0", ["pajaW_/3"]),
    ],
)
def test_names_come_in_the_order_of_the_text(emotes: str, text: str, names: list[str]) -> None:
    """One name per use, cut by code points, whatever the order of the tag. None is skipped."""
    assert emote_names(emotes, text, "") == (names, 0)
    assert well_placed_emotes(emotes, text) in (names, None)


@pytest.mark.parametrize(
    ("emotes", "names", "skipped"),
    [
        ("25:0-4/1902:2-6", ["Kappa"], 1),
        ("25:0-4,0-4", ["Kappa"], 1),
        ("25,26:0-4", ["Kappa"], 1),
        ("25:0-4/1902:4-4", ["Kappa"], 1),
        ("25:0-4/1902:6-11", ["Kappa"], 1),
        ("25:0-4/1902:6-99", ["Kappa"], 1),
        ("25:0-4/1902:11-15", ["Kappa"], 1),
        ("25:99-103,0-4", ["Kappa"], 1),
        ("1902:4-8/25:0-4", ["Kappa"], 1),
        ("25:04/1902:6-10", ["Keepo"], 1),
        ("25:4-0/1902:6-10", ["Keepo"], 1),
        ("25:-4/1902:6-/88:-/7:-1-4/8:0--4/1902:6-10", ["Keepo"], 5),
        ("25:,0-4,", ["Kappa"], 2),
        ("25:a-b,+0-4,0-4 ,1_0-12,0-4", ["Kappa"], 4),
        ("25:\u0660-\u0664/1902:\u00b2-4", [], 2),
        ("25:0-4-9", [], 1),
        (f"25:0-{'9' * 5000},0-4", ["Kappa"], 1),
        (f"25:{'0' * 5000}-4", [], 1),
        ("/:/25/garbage", [], 1),
        ("0-4/1902:2:6-10", ["Keepo"], 1),
    ],
)
def test_invalid_positions_are_skipped_and_counted(
    emotes: str, names: list[str], skipped: int
) -> None:
    """Overlaps, positions outside the text and malformed ones are skipped. The others stay."""
    assert emote_names(emotes, "Kappa Keepo", "") == (names, skipped)
    assert well_placed_emotes(emotes, "Kappa Keepo") is None


@pytest.mark.parametrize(
    ("emotes", "flags", "text", "names"),
    [
        ("25:14-18", "0-6:S.6", "übeltat sagt Kappa", ["Kappa"]),
        ("25:14-18", "0-6:A.6/I.6", "übeltat sagt Kappa jetzt", ["Kappa"]),
        ("25:13-17/88:19-26", "0-6:P.3", "übeltat sagt Kappa PogChamp", ["Kappa", "PogChamp"]),
        ("25:8-12/1902:23-27", "14-20:S.6", "übeltat Kappa übeltat Keepo", ["Kappa", "Keepo"]),
        ("25:13-17", "0-4:S.5,6-8:S.5", "übler Typ: Kappa", ["Kappa"]),
        ("25:12-16", "0-4:S.5,6-8:S.5", "übler Typ: Kappa", ["Kappa"]),
        ("25:13-17", "0-4:S.5,17-19:S.5,6-8:S.5", "übler Typ: Kappa mit", ["Kappa"]),
        ("1:6-7,9-10", "0-3:S.5", "böse :) :) x", [":)", ":)"]),
        # One that is moved back may end right before one that is not.
        ("25:3-7/1902:8-12", "0-0:S.6", "ü Kappa Keepo", ["Kappa", "Keepo"]),
        # As far as the beginning of the text.
        ("25:1-5", "0-0:S.6", "Kappa", ["Kappa"]),
        # The flagged part ends where the emote would begin.
        ("25:3-7", "0-2:S.6", "ü Kappa", ["Kappa"]),
    ],
)
def test_a_range_moved_right_by_flagged_parts_is_moved_back(
    emotes: str, flags: str, text: str, names: list[str]
) -> None:
    """A range that has a space or leaves the text is moved left, by the flagged parts before it."""
    assert emote_names(emotes, text, flags)[0] == names


@pytest.mark.parametrize(
    ("emotes", "flags", "text"),
    [
        ("25:14-18", "", "übeltat sagt Kappa"),
        ("25:15-19", "0-6:S.6", "übeltat sagt Kappa"),
        ("25:12-16", "0-6:S.6", "übeltat sagt Kappa"),
        ("25:1-5", "6-12:S.6", "Kappa übeltat"),
        ("25:14-18", "0-6:S.6", "übeltat sagt.Kappa"),
        ("25:14-30", "0-6:S.6", "übeltat sagt Kappa"),
        ("25:1-2", "0-0:S.6", "a b"),
        ("25:1-3", "0-0:S.6,0-0:S.6", "xy z"),
        ("25:4-6", "0-0:S.6,0-0:S.6", "a xyzt u"),
        # Moved left, it would stand free, but with a space in it.
        ("25:3-5", "0-0:S.6", "ü x y"),
        # No range begins before the text: text[-1] would be its last character.
        ("25:1-4", "0-0:S.6,0-0:S.6", "x z"),
        ("25:14-18", "nonsense,9,9-,:,-,9-4:x,5-4:x", "übeltat sagt Kappa"),
        ("25:8-5", "0-0:S.6,0-0:S.6,0-0:S.6,0-0:S.6", "hi"),
    ],
)
def test_a_range_is_moved_no_further_than_the_flags_before_it_explain(
    emotes: str, flags: str, text: str
) -> None:
    """It is skipped without enough flags before it, or if its slice is not between spaces."""
    assert emote_names(emotes, text, flags) == ([], 1)


def test_a_correct_range_is_not_moved_by_flags() -> None:
    """Where Twitch counted correctly, a flagged part changes nothing."""
    assert emote_names("25:5-9", "Shit Kappa", "0-3:P.3") == (["Kappa"], 0)
    assert emote_names("25:5-9", "mist,Kappa,ja", "0-3:P.3") == (["Kappa"], 0)


@thorough
@given(strategies.texts_with_emotes(), st.randoms(use_true_random=False))
def test_emotes_inserted_into_a_text_are_found_again(
    drawn: tuple[str, list[tuple[str, int]]], chance: Random
) -> None:
    """In the order of the text, whatever the order of the tag."""
    text, uses = drawn
    names = [name for name, _ in uses]
    chance.shuffle(uses)
    tag = strategies.emotes_tag(uses)
    assert emote_names(tag, text, "") == (names, 0)
    assert well_placed_emotes(tag, text) == names
    assert not tag or well_placed_ranges(tag, text) == (names, emote_ranges(tag, text, ""))


@thorough
@given(
    st.one_of(
        st.from_regex(r"(/?a?1?:([0-9]-[0-9],?){1,3}){1,3}", fullmatch=True),
        st.text("0123456789-,:/_aE"),
    ),
    st.text("aä \U0001f602", max_size=12),
)
def test_well_placed_emotes_agree_with_emote_names(emotes: str, text: str) -> None:
    """For any tag, the faster function returns either None or the same names."""
    names = well_placed_emotes(emotes, text)
    assert names is None or (names, 0) == emote_names(emotes, text, "")
    placed = well_placed_ranges(emotes, text)
    assert (
        placed is None
        if names is None
        else placed
        in (
            None,
            (names, emote_ranges(emotes, text, "")),
        )
    )


@thorough
@given(
    st.lists(strategies.words.filter(lambda word: not word.isascii()), min_size=1, max_size=2),
    st.lists(strategies.emotes, min_size=1, max_size=5),
)
def test_emotes_after_flagged_words_are_found_although_counted_too_far_right(
    flagged_words: list[str], names: list[str]
) -> None:
    """Each flagged word before an emote shifts its range by one. The names are still correct."""
    words = [*flagged_words, *names]
    starts = [len(" ".join([*words[:index], ""])) for index in range(len(words))]
    first_emote = len(flagged_words)
    flags = ",".join(
        f"{start}-{start + len(word) - 1}:S.6"
        for word, start in zip(flagged_words, starts[:first_emote], strict=True)
    )
    too_far = [
        (name, start + len(flagged_words))
        for name, start in zip(names, starts[first_emote:], strict=True)
    ]
    assert emote_names(strategies.emotes_tag(too_far), " ".join(words), flags) == (names, 0)


@thorough
@given(
    st.one_of(st.text(), st.text("0123456789-,:/")),
    st.text("aä \U0001f602"),
    st.one_of(st.text(), st.text("0123456789-,:/")),
)
def test_no_tags_raise(emotes: str, text: str, flags: str) -> None:
    """Every name is a part of the text without a space. Every other position is counted."""
    names, skipped = emote_names(emotes, text, flags)
    assert all(name in text and " " not in name for name in names)
    assert len(names) + skipped == emotes.count(":") + emotes.count(",")


@pytest.mark.parametrize(
    ("emotes", "text", "flags", "ranges"),
    [
        (
            "25:0-4,12-16/1902:6-10",
            "Kappa Keepo Kappa",
            "",
            [("25", "Kappa", 0), ("1902", "Keepo", 6), ("25", "Kappa", 12)],
        ),
        ("25:1-5", "\U0001f602Kappa", "", [("25", "Kappa", 1)]),
        # Moved back by a flagged part.
        ("25:14-18", "übeltat sagt Kappa", "0-6:S.6", [("25", "Kappa", 13)]),
        # An id with a `/`, first, after another one, and with several places.
        ("80481_/3:7-14", "\U000e0000-tags pajaW_/3.0", "", [("80481_/3", "pajaW_/3", 7)]),
        (
            "25:0-4/80481_/3:6-13,15-22",
            "Kappa pajaW_/3 pajaW_/3",
            "",
            [("25", "Kappa", 0), ("80481_/3", "pajaW_/3", 6), ("80481_/3", "pajaW_/3", 15)],
        ),
        (":0-4/1902:6-10", "Kappa Keepo", "", [("", "Kappa", 0), ("1902", "Keepo", 6)]),
        (",0-4", "Kappa", "", [("", "Kappa", 0)]),
        ("25:a-b,99-103/1902:6-10", "Kappa Keepo", "", [("1902", "Keepo", 6)]),
    ],
)
def test_a_range_has_the_id_of_its_emote(
    emotes: str, text: str, flags: str, ranges: list[tuple[str, str, int]]
) -> None:
    """It begins and ends where the name does; the end is exclusive."""
    expected = [EmoteRange(id_, name, at, at + len(name)) for id_, name, at in ranges]
    assert list(emote_ranges(emotes, text, flags)) == expected


def test_ranges_count_from_an_offset() -> None:
    """What is before it is not part of the message."""
    found = emote_ranges("1:0-5/25:7-11", "ACTION Kappa", "", offset=7)
    assert found == (EmoteRange("25", "Kappa", 0, 5),)


@thorough
@given(st.text("0123456789-,:/_aE"), st.text("aä \U0001f602", max_size=12), st.text("0123-:,S"))
def test_ranges_are_those_of_the_names(emotes: str, text: str, flags: str) -> None:
    """The same emotes are skipped, and the text has the name in each range."""
    names, _ = emote_names(emotes, text, flags)
    ranges = emote_ranges(emotes, text, flags)
    assert [place.name for place in ranges] == names
    assert [text[place.begin : place.end] for place in ranges] == names


def test_a_long_id_is_not_repeated_for_each_range() -> None:
    """A line of 64 KiB would become a record of many megabytes. The names stay."""
    for length, ranges in ((100, 2), (101, 0)):
        tag = f"{'e' * length}:0-4,6-10"
        assert emote_names(tag, "Kappa Kappa", "") == (["Kappa", "Kappa"], 0)
        assert len(emote_ranges(tag, "Kappa Kappa", "")) == ranges
        assert (well_placed_ranges(tag, "Kappa Kappa") is None) == (not ranges)


@thorough
@given(
    st.text("a ", max_size=12),
    st.integers(0, 14),
    st.integers(1, 4),
    st.lists(st.integers(0, 13), max_size=6),
)
def test_a_range_is_moved_to_the_nearest_word_that_the_flags_explain(
    text: str, first: int, length: int, flagged: list[int]
) -> None:
    """One position after the other, as rule 2 has it. A range that is right stays."""
    emote = "a" * length
    before = [at for at in range(first - 1, -1, -1) if f" {text} "[at:].startswith(f" {emote} ")]
    most = sum(place < first for place in flagged)
    places = [at for at in before if first - at <= most]
    if text[first : first + length] == emote:
        places = [first]
    flags = ",".join(f"{place}-{place}:S.6" for place in flagged)
    found = emote_ranges(f"25:{first}-{first + length - 1}", text, flags)
    assert found == tuple(EmoteRange("25", emote, at, at + length) for at in places[:1])
