"""How figures are put into words."""

from __future__ import annotations

import pytest

from monitor.collection import words


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (words.count(1, "message"), "1 message"),
        (words.count(0, "message"), "0 messages"),
        (words.count(1204, "message"), "1,204 messages"),
        (words.names(["a"]), "a"),
        (words.names(["a", "b"]), "a and b"),
        (words.names(["a", "b", "c"]), "a, b and 1 more"),
        (words.duration(-5), "0 s"),
        (words.duration(12_400), "12 s"),
        (words.duration(59_600), "1 minute"),
        (words.duration(7_500_000), "2 hours 5 minutes"),
        (words.duration(7_200_000), "2 hours"),
        (words.duration(90_000_000), "1 day 1 hour"),
        (words.rate(0), "0 messages/s"),
        (words.rate(0.25), "0.3 messages/s"),
        (words.rate(26.3), "26 messages/s"),
        (words.rate(8218), "8,218 messages/s"),
    ],
)
def test_figures_are_said_in_words(said: str, text: str) -> None:
    """As a person would."""
    assert said == text
