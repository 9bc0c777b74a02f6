"""What wraps the text of a `/me`: a CTCP ACTION."""

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


def before_in_notice(typed: str) -> str:
    """
    Return what the positions of emotes in a notice also count, before the text without the wrapper.

    It is empty if there is no wrapper. Otherwise it is the word ACTION, as a recorded
    resubscription shows. In a message, positions count the text alone.
    """
    return "" if without_action(typed) == typed else "ACTION "
