"""Text of others, made safe for a terminal."""

from __future__ import annotations

import unicodedata

#: Tag characters are never shown. Chat programs append one to a text that is sent a second time.
_TAGS = ("\U000e0000", "\U000e007f")


def printable(text: str, *, keep: str = "") -> str:
    """
    Return *text* with each character that is not shown, but obeyed, as a replacement character.

    A terminal obeys escape sequences, which begin with ESC or a character from U+0080 to U+009F,
    and some characters change the direction of the text after them, or end the line. A space of any
    width becomes a usual one. The characters in *keep* stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(each if each in keep else _shown(each) for each in text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    if _TAGS[0] <= character <= _TAGS[1]:
        return ""
    return "\N{REPLACEMENT CHARACTER}"
