"""Text of others on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("glassy_zeppelin: PepeS 🎈 naïve 日本", "glassy_zeppelin: PepeS 🎈 naïve 日本"),
        ("\x1b[2J\x1b]0;title\x07", "\ufffd[2J\ufffd]0;title\ufffd"),
        ("\x9b2J", "\ufffd2J"),
        ("one\r\ntwo\u2028three\u2029", "one\ufffd\ufffdtwo\ufffdthree\ufffd"),
        ("\u202etxet\u2066", "\ufffdtxet\ufffd"),
        ("\ud800", "\ufffd"),
        ("wide\u3000and\u00a0fixed", "wide and fixed"),
        ("twice \U000e0000", "twice "),
    ],
)
def test_what_a_terminal_would_obey_is_replaced(text: str, shown: str) -> None:
    """Escape sequences, line ends, changes of direction, and what is no character at all."""
    assert printable(text) == shown


def test_what_is_to_be_kept_stays() -> None:
    """An emoji of several parts is one only with what joins them."""
    family = "\N{MAN}\u200d\N{GIRL}"
    assert printable(f"{family}\x1b", keep="\u200d") == f"{family}\ufffd"
    assert printable(family) == "\N{MAN}\ufffd\N{GIRL}"


@given(st.text(st.characters(categories=("C", "Z", "L"))))
def test_the_result_can_be_printed(text: str) -> None:
    """Whatever the text is."""
    assert printable(text).isprintable()
