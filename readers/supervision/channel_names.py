"""
Parse the channels that a channels.conf names.

1. A line names one channel by its login name (`xqc`), by its login name after a hash (`#xqc`), or
   by its address (`https://www.twitch.tv/xqc`).
2. A line that begins with a hash is a comment, unless the hash is directly followed by one word and
   nothing else. A user notices a channel that is read by mistake sooner than a missing channel.
3. After a channel, a space and a hash begin a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOGIN = re.compile(r"[a-zA-Z0-9_]{1,25}")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.|m\.)?twitch\.tv/([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE
)
_TRAILING_COMMENT = re.compile(r"(?<=\S)\s+#.*")
_COMMENT = re.compile(r"#(?:\W.*|\S+\s.*)?")


@dataclass(frozen=True)
class ChannelList:
    """The channels that a text names, and the errors in it."""

    #: Login names in lower case, without duplicates, in order of first mention.
    channels: tuple[str, ...]
    #: A sentence for each entry that is not a valid channel.
    problems: tuple[str, ...]


def channel_name(text: str) -> str:
    """
    Return the login name of the channel that *text* gives: a name, a #name or an address.

    Raises ValueError, with a text for the user, if *text* is none of these.
    """
    address = _ADDRESS.fullmatch(text)
    name = address[1] if address else text.removeprefix("#")
    # Check before lower(): the lower case of some non-ASCII capitals is ASCII.
    if not _LOGIN.fullmatch(name):
        raise ValueError(f"{text!r} is not a channel: a name has 1 to 25 letters, digits and _")
    return name.lower()


def read_channel_names(text: str) -> ChannelList:
    """Return the channels that *text*, the content of a channels.conf, names."""
    channels: dict[str, None] = {}
    problems = []
    # Not splitlines(): it also splits at characters that editors do not treat as line ends.
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
    name = _TRAILING_COMMENT.sub("", line.strip())
    return "" if _COMMENT.fullmatch(name) else name
