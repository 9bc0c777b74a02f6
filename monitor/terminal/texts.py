"""Short texts for a terminal: what others have written, and how long ago something was."""

from __future__ import annotations

from monitor.collection.formats import NONE, largest_unit


def printable(text: str) -> str:
    """
    Return *text* with each character that is not shown, but obeyed, as a replacement character.

    A terminal obeys escape sequences, which begin with ESC or a character from U+0080 to U+009F,
    and some characters change the direction of the text after them.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def age(then_ms: int, now_ms: int) -> str:
    """Return how long ago *then_ms* was; no figure for 0, which means never."""
    return largest_unit(now_ms - then_ms) if then_ms else NONE
