"""
Parse the channels that a channels.conf names.

1. A channel is named by its login name (`xqc`), by its login name after a hash (`#xqc`), or by its
   address (`https://www.twitch.tv/xqc`). Commas and spaces separate names.
2. A hash begins a comment if it is the first character of a line or follows a comma or a space, and
   if no name follows it directly: `# xqc` is a comment, `#xqc` is a channel.
3. `#was here before` may be three channels, or a comment whose space was forgotten. As channels it
   would start readers that nobody wants, as a comment it might stop some that are wanted. So a line
   is wrong if, after a name with a hash, only spaces precede a word without one.
4. A wrong line names no channel: its other words may not be meant as names either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOGIN = re.compile(r"[a-zA-Z0-9_]{1,25}")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.|m\.)?twitch\.tv/([^/?#]+)/?(?:[?#].*)?", re.IGNORECASE
)
_LINE_END = re.compile(r"\r\n?|\n")
_COMMENT = re.compile(r"(?<![^\s,])#(?!\w).*")
_WORD_BREAK = re.compile(r"[\s,]+")
_HASHED_WORD = re.compile(r"(?<![^\s,])#")
_WORD_AFTER_SPACES = re.compile(r"[^\s,]\s+[^\s,#]")

#: Longer texts are cut in errors.
_QUOTED_CHARACTERS = 60


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
        raise ValueError(
            f"{_quoted(text)} is not a channel: a name has 1 to 25 letters, digits and _"
        )
    return name.lower()


def read_channel_names(text: str) -> ChannelList:
    """Return the channels that *text*, the content of a channels.conf, names."""
    channels: dict[str, None] = {}
    problems = []
    # Not splitlines(): it also splits at characters that editors do not treat as line ends.
    for number, line in enumerate(_LINE_END.split(text), start=1):
        try:
            channels.update(dict.fromkeys(_channels_in(line)))
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    return ChannelList(tuple(channels), tuple(problems))


def _channels_in(line: str) -> list[str]:
    names = _COMMENT.sub("", line).strip()
    hashed = _HASHED_WORD.search(names)
    if hashed and _WORD_AFTER_SPACES.search(names, hashed.start()):
        raise ValueError(
            f"{_quoted(names)} may be names or a comment: put a space after the # of a comment, and"
            " commas between names"
        )
    return [channel_name(word) for word in _WORD_BREAK.split(names) if word]


def _quoted(text: str) -> str:
    shown = text if len(text) <= _QUOTED_CHARACTERS else f"{text[:_QUOTED_CHARACTERS]}…"
    return repr(shown)
