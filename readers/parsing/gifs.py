"""
Find the GIFs in a message from Twitch's `gifs` tag.

The tag is `first-last|id|url,first-last|id|url`. Positions count as those of emotes do; the text
there is `[title]`. A URL may hold commas, so only a comma before the next positions ends an item.
"""

from __future__ import annotations

import re

from common.extended_message import Gif

_NEXT = re.compile(r",(?=[0-9]+-[0-9]+\|)")
# int() raises ValueError for several thousand digits.
_GIF = re.compile(r"([0-9]{1,6})-([0-9]{1,6})\|([^|]*)\|(.+)", re.DOTALL)


def gifs(tag: str, text: str, offset: int = 0) -> tuple[Gif, ...]:
    """
    Return the GIFs in the unescaped value of that tag, in its order.

    The positions refer to *text*, and the ranges count from *offset*, a place in it. What is not
    as described, or outside the text, is left out. Never raises, whatever the tag holds.
    """
    found = [_GIF.fullmatch(item) for item in _NEXT.split(tag)]
    places = [(gif, int(gif[1]), int(gif[2]) + 1) for gif in found if gif]
    return tuple(
        Gif(gif[3], gif[4], begin - offset, end - offset)
        for gif, begin, end in places
        if offset <= begin < end <= len(text)
    )
