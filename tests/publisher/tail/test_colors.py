"""The colors of names: readable on light and on dark, and always the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.tail.colors import BRIGHTEST, DARKEST, MANY, Colors, Depth, luminance

_LEVELS = (0, 95, 135, 175, 215, 255)


def _code(colors: Colors, color: str = "", login: str = "quiet_lantern") -> str:
    found = re.fullmatch(r"\x1b\[([0-9;]+)mQuiet\x1b\[0m", colors.name("Quiet", login, color))
    assert found
    return found[1]


@pytest.mark.parametrize("number", MANY)
def test_each_color_for_names_can_be_read(number: int) -> None:
    """It is in the color cube, and neither too dark nor too bright."""
    red, green, blue = ((number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6)
    assert DARKEST <= luminance(_LEVELS[red], _LEVELS[green], _LEVELS[blue]) <= BRIGHTEST


@given(st.integers(0, 0xFFFFFF))
def test_each_color_of_a_chatter_can_be_read(rgb: int) -> None:
    """It is made brighter or darker only if need be."""
    code = _code(Colors(Depth.TRUE), f"#{rgb:06X}")
    kind, space, *shown = (int(number) for number in code.split(";"))
    own = (rgb >> 16, rgb >> 8 & 255, rgb & 255)
    assert (kind, space) == (38, 2)
    assert DARKEST - 0.01 <= luminance(*shown) <= BRIGHTEST + 0.01
    if DARKEST <= luminance(*own) <= BRIGHTEST:
        assert tuple(shown) == own


def test_a_name_without_a_color_has_always_the_same() -> None:
    """From the login name, however it is written."""
    for depth in (Depth.STANDARD, Depth.MANY, Depth.TRUE):
        codes = {_code(Colors(depth), login=f"user{number}") for number in range(100)}
        assert len(codes) >= 5
        assert _code(Colors(depth)) == _code(Colors(depth))


@pytest.mark.parametrize("color", ["", "red", "#12345", "#1234567", "\x1b[2J", "#12345g"])
def test_what_is_no_color_is_not_used(color: str) -> None:
    """As if the chatter had none."""
    assert _code(Colors(Depth.TRUE), color) == _code(Colors(Depth.TRUE))


def test_a_terminal_of_few_colors_shows_no_own_color() -> None:
    """Nor does any output without colors."""
    assert _code(Colors(Depth.MANY), "#FF4500") == _code(Colors(Depth.MANY))
    assert Colors().name("Quiet", "quiet_lantern", "#FF4500") == "Quiet"
