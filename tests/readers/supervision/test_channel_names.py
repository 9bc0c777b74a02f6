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
        ("xqc\t# plays everything", "xqc"),
        ("#xqc  # plays everything", "xqc"),
        ("#xqc #", "xqc"),
        ("xqc,", "xqc"),
        (", xqc ,,", "xqc"),
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
    ["", "   ", "\r", ",", "#", "# xqc", "#\txqc", "## xqc", "#--------", "  # x", "# #xqc, #a b"],
)
def test_comments_and_empty_lines_are_ignored(line: str) -> None:
    """The line gives neither a channel nor a problem."""
    names = read_channel_names(line)
    assert (names.channels, names.problems) == ((), ())


@pytest.mark.parametrize(
    "line",
    [
        "xqc, shroud, forsen",
        "xqc,shroud,forsen",
        "xqc shroud forsen",
        "xqc\tshroud  ,  forsen",
        "#xqc, #shroud, #forsen",
        "#xqc #shroud #forsen",
        "#xqc, shroud, forsen",
        "xqc shroud #forsen",
        "xqc, #shroud, twitch.tv/forsen  # plays everything",
        "xqc\u00a0shroud\u00a0forsen",
        "xqc\rshroud\r# comment\rforsen",
        "xqc\nshroud\r\n# comment\r\nforsen\r\n",
    ],
)
def test_commas_and_spaces_separate_channels(line: str) -> None:
    """Also on one line. So does every usual line end."""
    names = read_channel_names(line)
    assert (names.channels, names.problems) == (("xqc", "shroud", "forsen"), ())


@pytest.mark.parametrize(
    "line", ["#was here: xqc", "#xqc shroud", "xqc #plays everything", "#xqc, #shroud forsen"]
)
def test_a_line_that_may_be_names_or_a_comment_is_reported(line: str) -> None:
    """It names no channel. The problem says how to write what is meant."""
    names = read_channel_names(f"first\n{line}\nlast\n")
    assert names.channels == ("first", "last")
    [problem] = names.problems
    assert problem == (
        f"line 2: {line!r} may be names or a comment: put a space after the # of a comment, and"
        " commas between names"
    )


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("x-q-c", "x-q-c"),
        ("#x-q-c", "#x-q-c"),
        ("xqc, shr-ud", "shr-ud"),
        ("xqc; shroud", "xqc;"),
        ("- xqc", "-"),
        ('["xqc"]', '["xqc"]'),
        ("TWITCH_CHANNELS=xqc", "TWITCH_CHANNELS=xqc"),
        ("xqc#shroud", "xqc#shroud"),
        ("12345678901234567890123456", "12345678901234567890123456"),
        ("xq\u0107", "xq\u0107"),
        ("\u212aappa", "\u212aappa"),
        ("https://www.twitch.tv/", "https://www.twitch.tv/"),
        ("https://www.twitch.tv/xqc/videos", "https://www.twitch.tv/xqc/videos"),
        ("https://www.youtube.com/xqc", "https://www.youtube.com/xqc"),
        ("https://nottwitch.tv/xqc", "https://nottwitch.tv/xqc"),
        ("#https://www.twitch.tv/xqc", "#https://www.twitch.tv/xqc"),
        ("xq\ufffd", "xq\ufffd"),
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
    names = read_channel_names("n-o\r\n# comment\r\n\r\nstill \x0bn-o\nxqc")
    assert [problem.partition(":")[0] for problem in names.problems] == ["line 1", "line 4"]


def test_a_long_wrong_line_is_shortened() -> None:
    """The log is not filled with the content of another file."""
    [problem] = read_channel_names("?" * 10_000).problems
    assert len(problem) < 200


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
@example("#a" + " " * 10_000 + "#" * 10_000)
@example("#a " * 10_000)
def test_any_text_gives_login_names_and_problems(text: str) -> None:
    """No text raises, and every channel can be the name of a file and of a program."""
    names = read_channel_names(text)
    assert all(re.fullmatch(r"[a-z0-9_]{1,25}", name) for name in names.channels)
    assert len(names.problems) <= len(re.findall("[\r\n]", text)) + 1
