"""IRC lines and their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.irc import IrcMessage, parse_irc, unescape_tag
from tests.readers.parsing import ircdocs, strategies
from tests.readers.parsing.strategies import thorough


def parsed(line: bytes) -> IrcMessage:
    """Parse a line that has a command."""
    irc = parse_irc(line)
    assert irc is not None
    return irc


@pytest.mark.parametrize(("line", "tags", "source", "command", "params"), ircdocs.LINES)
def test_lines_are_split_as_in_the_ircdocs_parser_tests(
    line: str, tags: dict[str, str], source: str, command: str, params: list[str]
) -> None:
    """Tags, source, command and parameters are those of the ircdocs tests."""
    irc = parsed(line.encode())
    assert {name: unescape_tag(value) for name, value in irc.tags.items()} == tags
    assert {name: unescape_tag(irc.tag(name)) for name in tags} == tags
    assert (irc.source, irc.command, irc.params) == (source, command, params)


@pytest.mark.parametrize(("source", "nick"), ircdocs.NICKS)
def test_the_nick_is_the_part_before_user_and_host(source: str, nick: str) -> None:
    """It ends at the first `!`, or at the `@` if there is no user."""
    assert parsed(f":{source} JOIN #a".encode()).nick == nick


def test_a_line_without_a_source_has_an_empty_nick() -> None:
    """A missing source is not an error."""
    assert parsed(b"PING :tmi.twitch.tv").nick == ""


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r"])
def test_the_line_end_is_not_part_of_the_text(end: bytes) -> None:
    """With CR LF, CR, LF or nothing, the text is the same. Its last space stays."""
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
    """Without a command there is no message."""
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
def test_only_ascii_spaces_separate_parameters(text: bytes, expected: str) -> None:
    """The last parameter keeps every character. Other parameters end at an ASCII space only."""
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
    """Values stay escaped, missing ones are empty, the last duplicate wins, nameless tags go."""
    irc = parsed(line)
    assert (irc.tags, irc.command) == (tags, "X")
    assert {name: irc.tag(name) for name in tags} == tags


@pytest.mark.parametrize("line", [b"X", b"@ X", b"@ab=1 X", b"@b=a;c=a=1 X", b"X ;a=1"])
def test_a_missing_tag_is_empty(line: bytes) -> None:
    """A longer name, a value or the text is not mistaken for the tag."""
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


def test_bytes_that_are_not_utf8_affect_only_themselves() -> None:
    """Each invalid sequence becomes U+FFFD. The rest of the tags and the text stays."""
    irc = parsed(b"@display-name=J\xf6rg;id=7 :a!a@a PRIVMSG #a :caf\xe9 \xf0\x9f\x98 Kappa \xff")
    assert irc.tags == {"display-name": "J\ufffdrg", "id": "7"}
    assert irc.params == ["#a", "caf\ufffd \ufffd Kappa \ufffd"]


def test_eight_kibibytes_of_tags_are_parsed_completely() -> None:
    """This is the largest tag section that IRCv3 allows."""
    filling = ";".join(f"tag-{number}={'x' * 50}" for number in range(140))
    filling = filling.ljust(8191 - len("@;last=1 "), "x")
    irc = parsed(f"@{filling};last=1 :a!a@a PRIVMSG #a :hi".encode())
    assert len(irc.tags) == 141
    assert irc.tags["last"] == "1"
    assert irc.params == ["#a", "hi"]


@thorough
@given(st.binary())
def test_no_bytes_make_the_parser_raise(line: bytes) -> None:
    """Any bytes give a message with a command, or None."""
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
def test_an_encoded_message_parses_to_its_fields(
    tags: dict[str, str], source: str, command: str, params: list[str], end: bytes
) -> None:
    """Every field is the same, character for character, once its tags are unescaped."""
    irc = parsed(strategies.irc_line(tags, source, command, params) + end)
    assert {name: unescape_tag(value) for name, value in irc.tags.items()} == tags
    assert {name: unescape_tag(irc.tag(name)) for name in tags} == tags
    assert (irc.source, irc.command, irc.params) == (source, command, params)
