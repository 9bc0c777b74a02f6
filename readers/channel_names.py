"""
Which channels a channels.conf names.

1. One channel a line: a login name, a login name with a hash (`#xqc`), or an address
   (`https://www.twitch.tv/xqc`).
2. A hash begins a comment, unless a word comes right after it: a channel that is read by mistake
   is seen, one that is taken for a comment is lost.
3. After a channel, a space and a hash begin a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: https://discuss.dev.twitch.com/t/max-length-for-user-names-and-display-names/21315
_LOGIN = re.compile(r"[a-zA-Z0-9_]{1,25}")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.|m\.)?twitch\.tv/([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE)
_COMMENT = re.compile(r"#(?!\w)|\s#")


@dataclass(frozen=True)
class ChannelList:
    """The channels that a text names, and what is wrong with it."""

    #: Login names, lower case, each once, in the order they were named.
    channels: tuple[str, ...]
    #: A sentence for each line that names no channel but should.
    problems: tuple[str, ...]


def channel_name(text: str) -> str:
    """
    Return the login name of the channel that *text* gives, as a name, as #name or as an address.

    Raises ValueError, which says what is wrong, when it gives none.
    """
    address = _ADDRESS.fullmatch(text)
    name = address[1] if address else text.removeprefix("#")
    # Before its case is folded: Unicode has letters that become ASCII ones.
    if not _LOGIN.fullmatch(name):
        raise ValueError(f"{text!r} is not a channel: a name has 1 to 25 letters, digits and _")
    return name.lower()
