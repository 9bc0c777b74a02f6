"""The fields of a recorded line, read without the parser of the readers."""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE = re.compile(
    r"@(?P<tags>[^ ]+) :(?P<prefix>[^ ]+) (?P<command>[A-Z]+) #(?P<channel>\w+)(?: :(?P<text>.+))?"
)
#: Tags with the id of a message, of an event, or of a gift of many subscriptions.
IDS = {
    *("id", "source-id", "target-msg-id", "reply-parent-msg-id", "reply-thread-parent-msg-id"),
    *("msg-param-id", "msg-param-origin-id", "msg-param-community-gift-id"),
}


@dataclass(frozen=True)
class Line:
    """The fields of a recorded line."""

    tags: dict[str, str]
    prefix: str
    command: str
    channel: str
    text: str

    @property
    def body(self) -> str:
        """The text that emote positions refer to."""
        return self.text.removeprefix("\x01ACTION ").removesuffix("\x01")

    @property
    def login(self) -> str:
        """Who says it, or whom it is about."""
        if self.command == "CLEARCHAT":
            return self.text
        return self.tags.get("login") or self.prefix.split("!")[0]

    @property
    def kind(self) -> str:
        """The `msg-id` of an event. In a shared chat it is that of the other channel."""
        return self.tags.get("source-msg-id") or self.tags.get("msg-id", "")

    def ids(self) -> list[str]:
        """Return the ids that playback replaces, in the order of the tags."""
        return [value for tag, value in self.tags.items() if tag in IDS]


def parse_line(raw: bytes) -> Line:
    """Return the fields of a recorded line, which must be well-formed."""
    found = LINE.fullmatch(raw.decode())
    assert found, raw
    pairs = [tag.split("=", 1) for tag in found["tags"].split(";")]
    tags = {key: re.sub(r"\\(.)", _unescape, value) for key, value in pairs}
    assert len(tags) == len(pairs), raw
    return Line(tags, found["prefix"], found["command"], found["channel"], found["text"] or "")


def _unescape(found: re.Match[str]) -> str:
    return {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}[found[1]]
