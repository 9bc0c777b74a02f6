"""Take off what wraps the text of a `/me`, a CTCP ACTION."""

from __future__ import annotations

_BEGIN = "\x01ACTION"
_END = "\x01"


def without_action(typed: str) -> str:
    """
    Return the text in the ACTION wrapper, or *typed* itself if it has none.

    In a long text, Twitch may have cut off the wrapper's end.
    """
    if not typed.startswith(_BEGIN):
        return typed
    inner = typed.removeprefix(_BEGIN).removesuffix(_END)
    if inner and not inner.startswith(" "):
        return typed
    return inner[1:]
