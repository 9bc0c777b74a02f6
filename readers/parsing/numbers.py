"""Read the whole numbers in a line's tags."""

from __future__ import annotations

# What fits into the 64 bits that Kafka and most consumers have.
_MAX = 2**63 - 1
_MAX_DIGITS = 19


def whole_number(sent: str) -> int | None:
    """
    Return the number from 0 to 2**63 - 1 that *sent* is, None if it is none.

    Only ASCII digits count, without a sign. Never raises.
    """
    # Check the length first: int() raises ValueError for several thousand digits.
    if len(sent) <= _MAX_DIGITS and sent.isascii() and sent.isdecimal():
        number = int(sent)
        return number if number <= _MAX else None
    return None
