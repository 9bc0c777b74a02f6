"""
The parser on recorded lines, against a regular expression and against stored expectations.

Where our rule for wrong emote ranges differs from a library's, `OUR_EMOTES` has our result.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from readers.parsing.irc import parse_irc, unescape_tag
from tests.corpora import (
    Expectation,
    expectations,
    expected_messages,
    needs_corpora,
    own_recordings,
    recorded_lines,
    recordings,
)
from tests.readers.chat_lines import parsed_line

# An IRC line after RFC 1459's grammar: a check that shares no code with the parser.
_LINE = re.compile(
    rb"(?:@(?P<tags>[^ ]*) +)?(?::(?P<source>[^ ]*) +)?(?P<command>[^ ]+)"
    rb"(?P<middle>(?: +[^ :][^ ]*)*)(?: +:(?P<last>.*)| *)"
)

# Our result for wrong ranges, by the `emotes` tag. We move a range by the flagged parts before it.
# If that gives no name either, the range is skipped.
WRONG_RANGES = {
    # Recorded from Twitch, shifted by one flagged part.
    "25:40-44": ["Kappa"],
    "86:30-39/822112:73-79": ["BibleThump", "FortOne"],
    "547728456:46-58,60-72,74-86/240263040:88-100": [*["hazelmoonLove"] * 3, "hazelmoonBits"],
    "425618:49-51": ["LUL"],
    "245:38-52": ["ResidentSleeper"],
    # Made up from the first, shifted further than its one flagged part explains.
    "25:41-45": [],
    "25:44-48": [],
    "25:45-49": [],
    # Made up, with a space in the slice and no flags.
    "A123A:0-11": [],
}

# Our result where a library has another one. Libraries truncate ranges that leave the text, and
# accept slices with a space. The emotes of one streamer have other names in our recordings.
OUR_EMOTES = WRONG_RANGES | {
    "301683486:46-58,60-72,74-86/301683544:88-100": [*["staryuukiLove"] * 3, "staryuukiBits"],
}

# The libraries' names for the fields of a ChatMessage.
FIELDS = {
    "channel_id": ("channel_id", "Channel.Id", "RoomID"),
    "user_id": ("user_id", "Author.Id", "ID"),
    "username": ("user_login", "sender.login", "Author.Name", "Name"),
    "message": ("message_text", "Content", "Message"),
    "timestamp": ("timestamp_ms", "TmiSentTs"),
}

# Their names for tags that have to be unescaped.
TAGS = {
    "display-name": ("user_name", "sender.name", "Author.DisplayName", "DisplayName"),
    "reply-parent-msg-body": ("Reply.ParentMessage", "ParentMsgBody"),
}


def _name(recording: Path) -> str:
    return recording.name


@pytest.mark.parametrize("recording", own_recordings(), ids=_name)
def test_our_recordings_become_the_expected_messages(recording: Path) -> None:
    """Each line becomes its stored message, or none if none is stored."""
    received = {
        number: parsed.message
        for number, line in enumerate(recorded_lines(recording), start=1)
        if (parsed := parsed_line(line)) is not None
    }
    assert received == expected_messages()[recording.name]


@pytest.mark.parametrize("recording", recordings(), ids=_name)
def test_every_recorded_line_is_parsed_as_the_grammar_defines(recording: Path) -> None:
    """Tags, source, command and parameters are those that a regular expression finds."""
    for line in recorded_lines(recording):
        irc, expected = parse_irc(line), _LINE.fullmatch(line)
        assert irc is not None
        assert expected is not None
        tags = (expected["tags"] or b"").decode().split(";")
        assert irc.tags == {tag.split("=")[0]: tag.partition("=")[2] for tag in tags if tag}
        assert irc.source == (expected["source"] or b"").decode()
        assert irc.command == expected["command"].decode()
        last = [] if expected["last"] is None else [expected["last"].decode()]
        assert irc.params == [*expected["middle"].decode().split(), *last]


@pytest.mark.parametrize("recording", recordings(), ids=_name)
def test_every_recorded_message_to_a_channel_is_a_chat_message(recording: Path) -> None:
    """Its text ends the line, its room is the tag's, each emote position is a name or skipped."""
    for line in recorded_lines(recording):
        irc, parsed = parse_irc(line), parsed_line(line)
        assert irc is not None
        if irc.command != "PRIVMSG" or len(irc.params) < 2 or not irc.params[0].startswith("#"):
            continue
        assert parsed is not None
        message = parsed.message
        assert line.decode().removesuffix("\x01").endswith(message.message)
        assert message.channel_id == irc.tags.get("room-id", message.channel_id)
        positions = irc.tags.get("emotes", "").count("-")
        assert len(message.emotes) + parsed.skipped_emotes == positions


@pytest.mark.parametrize(("tag", "names"), WRONG_RANGES.items())
def test_wrong_ranges_in_recorded_lines_give_the_right_names(tag: str, names: list[str]) -> None:
    """Ranges from Twitch that are wrong by one are corrected, others are skipped."""
    lines = {line for file in recordings() for line in recorded_lines(file) if tag in line.decode()}
    assert lines
    for line in lines:
        parsed = parsed_line(line)
        assert parsed is not None
        assert (parsed.message.emotes, parsed.skipped_emotes > 0) == (names, not names)


@needs_corpora
@pytest.mark.parametrize(
    ("library", "compared"),
    [("Java-Twirk", 13), ("go-twitch-irc", 38), ("occluder-MiniTwitch", 66), ("twitch-irc-rs", 41)],
)
def test_recorded_lines_become_the_messages_of_their_library(library: str, compared: int) -> None:
    """Each field that the library has is equal, but for our rule for wrong emote ranges."""
    fields = [field for expected in expectations(library) for field in compared_fields(expected)]
    assert [(raw, ours) for raw, ours, _ in fields] == [(raw, theirs) for raw, _, theirs in fields]
    assert len(fields) == compared


def compared_fields(line: Expectation) -> list[tuple[str, object, object]]:
    """Return line, our value and the library's value for each field; none if it is no message."""
    irc, parsed = parse_irc(line.raw.encode()), parsed_line(line.raw.encode())
    assert irc is not None
    kinds = {irc.command, irc.tags.get("msg-id"), irc.tags.get("source-msg-id")}
    if not kinds & {"PRIVMSG", "announcement"}:
        assert parsed is None
        return []
    assert parsed is not None
    values = [
        *((str(getattr(parsed.message, field)), names) for field, names in FIELDS.items()),
        *((unescape_tag(irc.tags.get(tag, "")), names) for tag, names in TAGS.items()),
    ]
    fields: list[tuple[str, object, object]] = [
        (line.raw, value, _in_our_terms(line.expected[name], value))
        for value, names in values
        for name in names
        if name in line.expected
    ]
    for name in {"emotes", "emotes_clamped"} & line.expected.keys():
        theirs = _names(line.expected[name])
        names = OUR_EMOTES.get(irc.tags.get("emotes", ""), theirs)
        fields.append((line.raw, parsed.message.emotes, names))
    return fields


def _in_our_terms(expected: Any, ours: str) -> str:
    """Convert a library's value to our form. If it lists several, ours may be any of them."""
    if isinstance(expected, list):
        return ours if ours in expected else str(expected)
    return "" if expected == "string.Empty" else str(expected)


def _names(emotes: list[dict[str, Any]]) -> list[str]:
    """Return the names of a library's emotes, which have three forms, in the order of the text."""
    uses: list[tuple[int, str]] = []
    for emote in emotes:
        starts = [start for start, _ in emote.get("ranges_half_open", ())]
        starts += [emote["start"]] if "start" in emote else [0] * emote.get("count", 0)
        uses += [(start, emote["name"]) for start in starts]
    return [name for _, name in sorted(uses)]
