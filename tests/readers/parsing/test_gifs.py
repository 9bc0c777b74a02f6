"""GIFs in a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.extended_message import Gif
from readers.parsing.gifs import gifs

_URL = "https://media.example.org/a.gif?cid=1&ep=2&q=a,b,7-9"


def test_a_url_may_hold_what_separates_gifs() -> None:
    """Only a comma before positions ends one."""
    found = gifs(f"0-2|a1|{_URL},4-6|b2|https://example.org/?x=1|2", "[a] [b]")
    assert found == (Gif("a1", _URL, 0, 3), Gif("b2", "https://example.org/?x=1|2", 4, 7))


def test_a_range_counts_from_an_offset() -> None:
    """What is before it is not part of the message."""
    assert gifs(f"7-9|a1|{_URL}", "ACTION [a]", offset=7) == (Gif("a1", _URL, 0, 3),)


@pytest.mark.parametrize(
    "tag",
    [
        *("", "0-2", "0-2|a1", "0-2|a1|", "a-b|a1|u", "2-0|a1|u", "1-0|a1|u", "0-3|a1|u"),
        *("\u0660-2|a1|u", f"0-{'9' * 5000}|a1|u"),
    ],
)
def test_what_is_not_as_expected_is_left_out(tag: str) -> None:
    """Also what is not in the text."""
    assert gifs(tag, "[a]") == ()


@given(st.one_of(st.text(), st.text("0123-|,a")), st.text(max_size=5), st.integers(0, 3))
def test_no_tag_raises(tag: str, text: str, offset: int) -> None:
    """Every range is in the text."""
    assert all(0 <= gif.begin < gif.end <= len(text) for gif in gifs(tag, text, offset))
