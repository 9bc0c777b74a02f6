"""
The parser on recorded lines, against a second reading and against stored expectations.

Where our rule for wrong emote ranges is not a library's, `OUR_EMOTES` says what we take instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from readers.twitch.irc import parse_irc, unescape_tag
from tests.corpora import (
    Expectation,
    expectations,
    expected_messages,
    needs_corpora,
    own_recordings,
    recorded_lines,
    recordings,
)
from tests.readers.chat_lines import received_in

# A line of IRC as RFC 1459's grammar has it, to check the parser by other means than its own.
_LINE = re.compile(
    rb"(?:@(?P<tags>[^ ]*) +)?(?::(?P<source>[^ ]*) +)?(?P<command>[^ ]+)"
    rb"(?P<middle>(?: +[^ :][^ ]*)*)(?: +:(?P<last>.*)| *)"
)

# What we take of wrong ranges, by the `emotes` tag: we move a range by the flagged parts before it,
# and where that gives no name either, there is none.
WRONG_RANGES = {
    # Recorded from Twitch, and moved by one flagged part.
    "25:40-44": ["Kappa"],
    "86:30-39/822112:73-79": ["BibleThump", "FortOne"],
    "547728456:46-58,60-72,74-86/240263040:88-100": [*["hazelmoonLove"] * 3, "hazelmoonBits"],
    "425618:49-51": ["LUL"],
    "245:38-52": ["ResidentSleeper"],
    # Made up from the first, and moved further than its one flagged part explains.
    "25:41-45": [],
    "25:44-48": [],
    "25:45-49": [],
    # Made up, with a space in the slice and no flags.
    "A123A:0-11": [],
}

# What we take where a library takes another slice. They cut off what leaves the text and take
# slices with a space in them. The emotes of one streamer have other names in our recordings.
OUR_EMOTES = WRONG_RANGES | {
    "301683486:46-58,60-72,74-86/301683544:88-100": [*["staryuukiLove"] * 3, "staryuukiBits"],
}

# What the libraries call the fields of a ChatMessage.
FIELDS = {
    "channel_id": ("channel_id", "Channel.Id", "RoomID"),
    "user_id": ("user_id", "Author.Id", "ID"),
    "username": ("user_login", "sender.login", "Author.Name", "Name"),
    "message": ("message_text", "Content", "Message"),
    "timestamp": ("timestamp_ms", "TmiSentTs"),
}

# What they call tags that have to be unescaped.
TAGS = {
    "display-name": ("user_name", "sender.name", "Author.DisplayName", "DisplayName"),
    "reply-parent-msg-body": ("Reply.ParentMessage", "ParentMsgBody"),
}


def _name(recording: Path) -> str:
    return recording.name


@pytest.mark.parametrize("recording", own_recordings(), ids=_name)
def test_our_recordings_become_the_messages_that_are_expected(recording: Path) -> None:
    """Each line becomes the stored message, or none, when there is none for it."""
    received = {
        number: parsed.message
        for number, line in enumerate(recorded_lines(recording), start=1)
        if (parsed := received_in(line)) is not None
    }
    assert received == expected_messages()[recording.name]


@pytest.mark.parametrize("recording", recordings(), ids=_name)
def test_every_recorded_line_is_read_as_the_grammar_says(recording: Path) -> None:
    """Tags, source, command and parameters are what a regular expression finds in the line."""
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
        irc, heard = parse_irc(line), received_in(line)
        assert irc is not None
        if irc.command != "PRIVMSG" or len(irc.params) < 2 or not irc.params[0].startswith("#"):
            continue
        assert heard is not None
        message = heard.message
        assert line.decode().removesuffix("\x01").endswith(message.message)
        assert message.channel_id == irc.tags.get("room-id", message.channel_id)
        positions = irc.tags.get("emotes", "").count("-")
        assert len(message.emotes) + heard.skipped_emotes == positions


@pytest.mark.parametrize(("tag", "names"), WRONG_RANGES.items())
def test_wrong_ranges_in_recorded_lines_give_the_right_names(tag: str, names: list[str]) -> None:
    """The ranges recorded from Twitch that are wrong by one are put right, others skipped."""
    lines = {line for file in recordings() for line in recorded_lines(file) if tag in line.decode()}
    assert lines
    for line in lines:
        heard = received_in(line)
        assert heard is not None
        assert (heard.message.emotes, heard.skipped_emotes > 0) == (names, not names)


@needs_corpora
@pytest.mark.parametrize(
    ("library", "compared"),
    [("Java-Twirk", 13), ("go-twitch-irc", 38), ("occluder-MiniTwitch", 66), ("twitch-irc-rs", 41)],
)
def test_recorded_lines_become_what_their_library_expects(library: str, compared: int) -> None:
    """Field by field where a library has the field, with our rule for wrong emote ranges."""
    fields = [field for expected in expectations(library) for field in compared_fields(expected)]
    assert [(raw, ours) for raw, ours, _ in fields] == [(raw, theirs) for raw, _, theirs in fields]
    assert len(fields) == compared


def compared_fields(line: Expectation) -> list[tuple[str, object, object]]:
    """Return what we and the library make of a line, field by field; none if it is no message."""
    irc, heard = parse_irc(line.raw.encode()), received_in(line.raw.encode())
    assert irc is not None
    kinds = {irc.command, irc.tags.get("msg-id"), irc.tags.get("source-msg-id")}
    if not kinds & {"PRIVMSG", "announcement"}:
        assert heard is None
        return []
    assert heard is not None
    values = [
        *((str(getattr(heard.message, field)), names) for field, names in FIELDS.items()),
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
        fields.append((line.raw, heard.message.emotes, names))
    return fields


def _in_our_terms(expected: Any, ours: str) -> str:
    """Put a library's value in our terms; of the several values one test has, ours will do."""
    if isinstance(expected, list):
        return ours if ours in expected else str(expected)
    return "" if expected == "string.Empty" else str(expected)


def _names(emotes: list[dict[str, Any]]) -> list[str]:
    """Take the names, in the order of the text, out of a library's emotes, of three shapes."""
    uses: list[tuple[int, str]] = []
    for emote in emotes:
        starts = [start for start, _ in emote.get("ranges_half_open", ())]
        starts += [emote["start"]] if "start" in emote else [0] * emote.get("count", 0)
        uses += [(start, emote["name"]) for start in starts]
    return [name for _, name in sorted(uses)]
