"""A number in a tag is one that all consumers can read, or none."""

from __future__ import annotations

import pytest

from readers.parsing.numbers import whole_number


@pytest.mark.parametrize("number", [0, 9, 10**18, 2**63 - 1])
def test_a_whole_number_is_taken(number: int) -> None:
    """Up to the largest of 64 bits."""
    assert whole_number(str(number)) == number


@pytest.mark.parametrize(
    "sent", ["", "-1", "+1", "1.5", " 9", "1_0", "\u0669", "\u00b2", str(2**63), "9" * 5000]
)
def test_anything_else_is_no_number(sent: str) -> None:
    """Also what int() would take, or would raise for."""
    assert whole_number(sent) is None
