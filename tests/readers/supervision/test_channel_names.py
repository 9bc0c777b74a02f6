"""Parsing channels.conf, in the ways that people write names."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from readers.supervision.channel_names import channel_name, read_channel_names


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("xqc", "xqc"),
        ("  xqc\t", "xqc"),
        ("xqc\r", "xqc"),
        ("xQcOW", "xqcow"),
        ("#xqc", "xqc"),
        (" #xqc ", "xqc"),
        ("xqc # plays everything", "xqc"),
        ("xqc\t#plays everything", "xqc"),
        ("#xqc  # plays everything", "xqc"),
        ("https://www.twitch.tv/xqc", "xqc"),
        ("https://www.twitch.tv/xqc  # plays everything", "xqc"),
        ("http://twitch.tv/XQC/", "xqc"),
        ("https://m.twitch.tv/xqc", "xqc"),
        ("www.twitch.tv/xqc", "xqc"),
        ("Twitch.TV/xqc", "xqc"),
        ("twitch.tv/xqc?referrer=raid", "xqc"),
        ("twitch.tv/xqc/?a=b/c#chat", "xqc"),
        ("https://www.twitch.tv/xqc#chat", "xqc"),
        ("_", "_"),
        ("1234567890123456789012345", "1234567890123456789012345"),
    ],
)
def test_a_line_names_a_channel(line: str, channel: str) -> None:
    """The line gives that channel and no problem."""
    names = read_channel_names(line)
    assert (names.channels, names.problems) == ((channel,), ())


@pytest.mark.parametrize(
    "line",
    ["", "   ", "\r", "#", "# xqc", "#\txqc", "## xqc", "#--------", "#was here: xqc", "  # x"],
)
def test_comments_and_empty_lines_are_ignored(line: str) -> None:
    """The line gives neither a channel nor a problem."""
    names = read_channel_names(line)
    assert (names.channels, names.problems) == ((), ())


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("x-q-c", "x-q-c"),
        ("#x-q-c", "#x-q-c"),
        ("xqc shroud", "xqc shroud"),
        ("xqc, shroud", "xqc, shroud"),
        ("xqc#shroud", "xqc#shroud"),
        ("12345678901234567890123456", "12345678901234567890123456"),
        ("xq\u0107", "xq\u0107"),
        ("\u212aappa", "\u212aappa"),
        ("https://www.twitch.tv/", "https://www.twitch.tv/"),
        ("https://www.twitch.tv/xqc/videos", "https://www.twitch.tv/xqc/videos"),
        ("https://www.youtube.com/xqc", "https://www.youtube.com/xqc"),
        ("https://nottwitch.tv/xqc", "https://nottwitch.tv/xqc"),
        ("#https://www.twitch.tv/xqc", "#https://www.twitch.tv/xqc"),
        ("xq\ufffd  # not UTF-8", "xq\ufffd"),
    ],
)
def test_a_line_without_a_valid_name_is_reported(line: str, quoted: str) -> None:
    """The problem has the line's number and its text. The lines around it are still read."""
    names = read_channel_names(f"first\n{line}\nlast\n")
    assert names.channels == ("first", "last")
    [problem] = names.problems
    assert problem.startswith(f"line 2: {quoted!r} is not a channel")


def test_every_problem_is_reported() -> None:
    """One problem for each bad line. Lines are counted as editors count them."""
    names = read_channel_names("no no\r\n# comment\r\n\r\nstill\x0bno\nxqc")
    assert [problem.partition(":")[0] for problem in names.problems] == ["line 1", "line 4"]


def test_a_channel_that_is_named_twice_is_listed_once() -> None:
    """Even if it is written in other ways. The order is that of the first mention."""
    names = read_channel_names("xqc\nshroud\nXQC\n#xqc\ntwitch.tv/xqc\nShroud")
    assert names.channels == ("xqc", "shroud")


def test_an_empty_file_has_no_channels() -> None:
    """There is no problem either."""
    assert read_channel_names("").channels == read_channel_names("").problems == ()


@pytest.mark.parametrize("text", ["", "#", " xqc", "xqc\n", "twitch.tv/xqc\n", "##xqc"])
def test_a_single_name_is_not_trimmed(text: str) -> None:
    """Spaces, `#` and line ends are errors where the name is not a line of a file."""
    with pytest.raises(ValueError, match="is not a channel"):
        channel_name(text)


@given(st.text())
@example("twitch.tv/" * 1000)
@example("#" * 10_000 + " ")
@example("a" + " " * 10_000 + "a")
def test_any_text_gives_login_names_and_problems(text: str) -> None:
    """No text raises, and every channel can be the name of a file and of a program."""
    names = read_channel_names(text)
    assert all(re.fullmatch(r"[a-z0-9_]{1,25}", name) for name in names.channels)
    assert len(names.problems) <= text.count("\n") + 1
