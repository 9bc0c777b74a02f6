"""
One line of IRC into its parts. Bytes in, values out: no I/O, no clock, nothing that can raise.

The rules are RFC 1459 section 2.3.1 and IRCv3's message tags:

1. Parts are separated by one or more ASCII spaces; any other blank is part of a word.
2. A parameter that begins with `:` is the last one and keeps its spaces.
3. A tag without a value and a tag with an empty one are the same; of two tags with one name,
   the last counts.
4. Bytes that are not UTF-8 become U+FFFD, and nothing else of the line changes.
"""

from __future__ import annotations

import re

import msgspec

# https://ircv3.net/specs/extensions/message-tags#escaping-values
_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n"}

# Tags, source and the nick in it, command, parameters. Repetitions are possessive (`++`), as no
# other division of the line is one: so a senseless line costs no more than its length.
_LINE = re.compile(
    r"(?:@([^ ]*+) ++|(?!@))(?::(([^ !@]*+)[^ ]*+) ++)?+ *+([^ :][^ ]*+) *+(.*)", re.DOTALL
)


# A message refers to no container that could refer back to it, so the garbage collector need not
# look at it: that is a fifth of the time its creation takes.
class IrcMessage(msgspec.Struct, frozen=True, gc=False):
    """The parts of one line. Tags and parameters are taken apart when they are asked for."""

    #: The tags as they were sent, with a `;` before each; only that when there are none.
    raw_tags: str
    #: Who sent it, `nick!user@host` or a server's name, without the `:`; empty when not said.
    source: str
    #: The sender's nick, on Twitch the login name; of a server, its name.
    nick: str
    command: str
    #: The parameters as they were sent.
    raw_params: str

    @property
    def params(self) -> list[str]:
        """All parameters, the last one included, without the `:` that may precede that one."""
        if self.raw_params.startswith(":"):
            return [self.raw_params[1:]]
        head, colon, trailing = self.raw_params.partition(" :")
        params = [word for word in head.split(" ") if word]
        if colon:
            params.append(trailing)
        return params

    @property
    def tags(self) -> dict[str, str]:
        """Tag names and their values as they were sent; `unescape_tag` undoes the escaping."""
        # A loop: with 17 tags on a usual line it is a sixth faster than a comprehension.
        tags: dict[str, str] = {}
        for tag in self.raw_tags.split(";"):
            # On the first "=" only: values such as URLs hold more of them.
            name, _, value = tag.partition("=")
            tags[name] = value
        tags.pop("", None)
        return tags

    def tag(self, name: str) -> str:
        """
        Return the value of one tag as it was sent, empty when there is none.

        A usual line has 17 tags and chat needs five: looking for those is faster than `tags`. Of
        two tags with one name, the last that has a "=" counts.
        """
        # Where there is none, all the tags come back, and before their first ";" is nothing.
        return self.raw_tags.rpartition(f";{name}=")[2].partition(";")[0]


def parse_irc(line: bytes) -> IrcMessage | None:
    """
    Take one line apart.

    The line may end in CR LF, in either of them, or in neither. Returns None for a line without
    a command, such as an empty one. Never raises, whatever the bytes.
    """
    found = _LINE.match(line.decode("utf-8", "replace").rstrip("\r\n"))
    if found is None:
        return None
    tags, source, nick, command, params = found.groups("")
    return IrcMessage(";" + tags, source, nick, command, params)


def unescape_tag(value: str) -> str:
    r"""
    Undo the escaping of a tag's value.

    In one pass from left to right, so that `\\s` is a backslash and an `s`. A backslash before
    any other character, or at the end, is dropped (IRCv3 message tags, "Escaping values").
    """
    if "\\" not in value:
        return value
    characters = iter(value)
    unescaped: list[str] = []
    for character in characters:
        if character == "\\":
            escaped = next(characters, "")
            unescaped.append(_ESCAPES.get(escaped, escaped))
        else:
            unescaped.append(character)
    return "".join(unescaped)
