"""Read the names of a line's tags."""

from __future__ import annotations

from readers.parsing.irc import unescape_tag


def display_name(sent: str, login: str) -> str:
    """
    Return the name as shown, from the value of its tag as sent; empty if it is *login*.

    It may differ from *login* in its capital letters alone, hold spaces, also at its end, and be in
    another script. Nothing is stripped.
    """
    name = unescape_tag(sent)
    return "" if name == login else name
