"""The time of an event is Twitch's if it can be one, else that of the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.timestamps import event_time_ms

NOW_MS = 1_900_000_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize("sent_ms", [10**12, 1_594_836_790_178, NOW_MS, NOW_MS + HOUR_MS])
def test_a_time_is_taken(sent_ms: int) -> None:
    """From September 2001 to an hour from now: clocks differ."""
    assert event_time_ms(str(sent_ms), NOW_MS) == sent_ms


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "-6795364578871",  # in many recorded deletions
        "0",
        str(10**12 - 1),
        str(NOW_MS + HOUR_MS + 1),
        "+1594836790178",
        " 1594836790178",
        "1_594_836_790_178",
        "1594836790178.0",
        "١٥٩٤٨٣٦٧٩٠١٧٨",
        "9" * 5000,
    ],
)
def test_anything_else_is_replaced(sent: str) -> None:
    """Also what int() would take, or would raise for."""
    assert event_time_ms(sent, NOW_MS) == NOW_MS


@given(sent=st.text() | st.integers().map(str), now_ms=st.integers(0, 10**14))
def test_no_text_is_a_time_that_cannot_be(sent: str, now_ms: int) -> None:
    """Whatever Twitch sends."""
    time_ms = event_time_ms(sent, now_ms)
    assert time_ms == now_ms or 10**12 <= time_ms <= now_ms + HOUR_MS
