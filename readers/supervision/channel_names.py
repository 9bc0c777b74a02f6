"""
Which channels a channels.conf names.

1. A line names one channel: by its login name (`xqc`), by that with a hash (`#xqc`), or by its
   address (`https://www.twitch.tv/xqc`).
2. A line that begins with a hash is a comment, unless there is nothing but one word right after the
   hash. A channel that is read by mistake is seen; one taken for a comment would just be missing.
3. After a channel, a space and a hash begin a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOGIN = re.compile(r"[a-zA-Z0-9_]{1,25}")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.|m\.)?twitch\.tv/([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE
)
_COMMENT_BEHIND = re.compile(r"(?<=\S)\s+#.*")
_COMMENT = re.compile(r"#(?:\W.*|\S+\s.*)?")


@dataclass(frozen=True)
class ChannelList:
    """The channels that a text names, and what is wrong with it."""

    #: Login names, lower case, each once, in the order they were named first.
    channels: tuple[str, ...]
    #: A sentence for each line that should name a channel but does not.
    problems: tuple[str, ...]


def channel_name(text: str) -> str:
    """
    Return the login name of the channel that *text* gives: a name, a #name or an address.

    Raises ValueError, which says what *text* should have been, when it gives none.
    """
    address = _ADDRESS.fullmatch(text)
    name = address[1] if address else text.removeprefix("#")
    # Checked before its case is folded: Unicode has capitals whose small letters are ASCII.
    if not _LOGIN.fullmatch(name):
        raise ValueError(
            f"{text!r} is not a channel, which has a name of 1 to 25 letters, digits and _"
        )
    return name.lower()


def read_channel_names(text: str) -> ChannelList:
    """Return the channels that *text*, the content of a channels.conf, names."""
    channels: dict[str, None] = {}
    problems = []
    # Not splitlines(), which also splits at what editors do not count as the end of a line.
    for number, line in enumerate(text.split("\n"), start=1):
        name = _without_comment(line)
        if not name:
            continue
        try:
            channels[channel_name(name)] = None
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    return ChannelList(tuple(channels), tuple(problems))


def _without_comment(line: str) -> str:
    name = _COMMENT_BEHIND.sub("", line.strip())
    return "" if _COMMENT.fullmatch(name) else name
