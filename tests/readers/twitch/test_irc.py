"""Lines of IRC and their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.twitch.irc import IrcMessage, parse_irc, unescape_tag
from tests.readers.twitch import ircdocs, strategies
from tests.readers.twitch.strategies import thorough


def parsed(line: bytes) -> IrcMessage:
    """Parse a line that has a command."""
    irc = parse_irc(line)
    assert irc is not None
    return irc


@pytest.mark.parametrize(("line", "tags", "source", "command", "params"), ircdocs.LINES)
def test_lines_are_split_as_the_ircdocs_parser_tests_say(
    line: str, tags: dict[str, str], source: str, command: str, params: list[str]
) -> None:
    """Tags, source, command and parameters are those of the ircdocs tests."""
    irc = parsed(line.encode())
    assert {name: unescape_tag(value) for name, value in irc.tags.items()} == tags
    assert {name: unescape_tag(irc.tag(name)) for name in tags} == tags
    assert (irc.source, irc.command, irc.params) == (source, command, params)


@pytest.mark.parametrize(("source", "nick"), ircdocs.NICKS)
def test_the_nick_is_what_stands_before_user_and_host(source: str, nick: str) -> None:
    """The nick ends at the first `!`, or at the `@` where there is no user."""
    assert parsed(f":{source} JOIN #a".encode()).nick == nick


def test_a_line_without_a_source_has_an_empty_nick() -> None:
    """No source is no error."""
    assert parsed(b"PING :tmi.twitch.tv").nick == ""


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r"])
def test_the_line_end_is_no_part_of_the_text(end: bytes) -> None:
    """CR LF, either alone, or nothing at all: the text is the same, its last space kept."""
    assert parsed(b":a!a@a PRIVMSG #a :hi there " + end).params == ["#a", "hi there "]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\r\n", b" ", b"   "),
        *(b"@", b"@a=b", b"@a=b ", b":", b":server", b":server ", b"@a :b "),
        *(b":server :no command", b"@a=b :server :no command"),
    ],
)
def test_a_line_without_a_command_is_none(line: bytes) -> None:
    """What has no command is not a message."""
    assert parse_irc(line) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"::)", ":)"),
        (b":  two  spaces  ", "  two  spaces  "),
        (b": :a :b", " :a :b"),
        (b":", ""),
        (b":a=b;c @d", "a=b;c @d"),
        ("\u3000wide\u00a0and\u2003em \U000e0000".encode(), "\u3000wide\u00a0and\u2003em"),
        (b":tab\tand\x0bmore\x00", "tab\tand\x0bmore\x00"),
    ],
)
def test_only_ascii_spaces_part_words(text: bytes, expected: str) -> None:
    """A last parameter keeps every character; another parameter ends at an ASCII space only."""
    assert parsed(b":a!a@a PRIVMSG #a " + text).params[1] == expected


@pytest.mark.parametrize(
    ("line", "tags"),
    [
        (b"@a;b=;c=d X", {"a": "", "b": "", "c": "d"}),
        (b"@a=1;a=2 X", {"a": "2"}),
        (b"@a=b;;=c; X", {"a": "b"}),
        (b"@ X", {}),
        (b"@a=b   X", {"a": "b"}),
        (b"@a=b   :server   X", {"a": "b"}),
        (b"@url=https://a.tv/?b=c&d=e X", {"url": "https://a.tv/?b=c&d=e"}),
        (rb"@a=\s\:\\;b=c\ X", {"a": r"\s\:\\", "b": "c\\"}),
    ],
)
def test_tags_are_split_at_semicolons_and_the_first_equals_sign(
    line: bytes, tags: dict[str, str]
) -> None:
    """Values stay as sent, missing ones are empty, the last of two wins, nameless ones go."""
    irc = parsed(line)
    assert (irc.tags, irc.command) == (tags, "X")
    assert {name: irc.tag(name) for name in tags} == tags


@pytest.mark.parametrize("line", [b"X", b"@ X", b"@ab=1 X", b"@b=a;c=a=1 X", b"X ;a=1"])
def test_a_tag_that_is_not_there_is_empty(line: bytes) -> None:
    """Neither a longer name nor a value nor the text passes for the tag."""
    assert parsed(line).tag("a") == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        (r"a\sb\:c", "a b;c"),
        (r"\r\n", "\r\n"),
        (r"\\", "\\"),
        (r"\\s", r"\s"),
        (r"\\\s", "\\ "),
        (r"C:\\new\\:", r"C:\new\:"),
        (r"\b\1\ü", "b1ü"),
        ("lone\\", "lone"),
        ("\\", ""),
        ("\\\U0001f602\\s", "\U0001f602 "),
    ],
)
def test_tag_values_are_unescaped_in_one_pass(value: str, expected: str) -> None:
    """Each backslash and the character after it become one character, or none at the end."""
    assert unescape_tag(value) == expected


def test_bytes_that_are_not_utf8_cost_no_more_than_themselves() -> None:
    """Each invalid sequence becomes U+FFFD; what stands round it survives, in tags and text."""
    irc = parsed(b"@display-name=J\xf6rg;id=7 :a!a@a PRIVMSG #a :caf\xe9 \xf0\x9f\x98 Kappa \xff")
    assert irc.tags == {"display-name": "J\ufffdrg", "id": "7"}
    assert irc.params == ["#a", "caf\ufffd \ufffd Kappa \ufffd"]


def test_eight_kibibytes_of_tags_are_read_to_the_last() -> None:
    """The largest tag section that IRCv3 allows is parsed whole."""
    filling = ";".join(f"tag-{number}={'x' * 50}" for number in range(140))
    filling = filling.ljust(8191 - len("@;last=1 "), "x")
    irc = parsed(f"@{filling};last=1 :a!a@a PRIVMSG #a :hi".encode())
    assert len(irc.tags) == 141
    assert irc.tags["last"] == "1"
    assert irc.params == ["#a", "hi"]


@thorough
@given(st.binary())
def test_no_bytes_make_the_parser_raise(line: bytes) -> None:
    """Whatever comes, the answer is a message with a command, or None."""
    irc = parse_irc(line)
    assert irc is None or irc.command


@thorough
@given(
    strategies.tags,
    strategies.sources,
    strategies.commands,
    strategies.params,
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_a_message_spelled_out_parses_back_to_its_fields(
    tags: dict[str, str], source: str, command: str, params: list[str], end: bytes
) -> None:
    """Every field comes back, character for character, once its tags are unescaped."""
    irc = parsed(strategies.irc_line(tags, source, command, params) + end)
    assert {name: unescape_tag(value) for name, value in irc.tags.items()} == tags
    assert {name: unescape_tag(irc.tag(name)) for name in tags} == tags
    assert (irc.source, irc.command, irc.params) == (source, command, params)
