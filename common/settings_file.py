"""
Reads `.env`, the settings file. Nothing in it is guessed or dropped silently.

1. The syntax is python-dotenv's, but `${NAME}` is not expanded: a password may contain it.
2. A space and `#` begin a comment, as for python-dotenv. In a list of channels, `, #name` is a
   name. Where the text after `#` may belong to the value, the file is refused.
3. A line without `=` is ignored, with a warning. Another line that cannot be parsed is an error.
4. Texts about the file have its path and the line, but no values: those may be secrets.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from common.files import read_small_file
from common.setting_names import holds_password

_LARGEST_BYTES = 1024 * 1024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_LISTS = {"TWITCH_CHANNELS", "TWITCH_CHANNEL"}

#: An assignment, as python-dotenv parses it: *value* ends with the line, which may end a quote.
_ASSIGNMENT = re.compile(r"\s*(?:export[^\S\r\n]+)?[^=\r\n]*=[^\S\r\n]*(?P<value>[^\r\n]*)")
#: What may begin a comment, and the first character of the word that the `#` is written to.
_HASH = re.compile(r"(?:^|\s+)#(?P<word>[^\s#])?")
_LINE_END = re.compile(r"\r\n|\n|\r")

#: Returns the function that parses the value of the setting of that name, or None if there is no
#: such setting. The function raises ValueError if the value is invalid.
ParserOf = Callable[[str], Callable[[str], Any] | None]


class SettingsFileError(Exception):
    """Raised when the settings file cannot be used. The text is one line for the user."""


@dataclass(frozen=True)
class SettingsFile:
    """What a settings file sets."""

    #: Values by name. They may be empty.
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Where each name is set, such as "line 3 of /srv/twitch/.env".
    places: Mapping[str, str] = field(default_factory=dict)
    #: Texts about lines that are ignored.
    warnings: tuple[str, ...] = ()


def read_settings_file(path: Path, parser_of: ParserOf) -> SettingsFile:
    """Return what the file at *path* sets; nothing if there is none. Raises SettingsFileError."""
    path = path.absolute()
    values, places, warnings = {}, {}, []
    for binding in parse_stream(io.StringIO(_text(path), newline="")):
        written = binding.original.string.strip()
        if not written or written.startswith("#"):
            continue
        place = f"line {_line(binding)} of {path}"
        if "=" not in written:
            warnings.append(f"{place} has no = and is ignored: write NAME=value")
            continue
        if binding.error or binding.key is None or binding.value is None:
            raise SettingsFileError(f"{place} {_what_is_wrong(written)}")
        try:
            # The last assignment of a name counts, also if it is empty.
            values[binding.key] = _value(binding.key, binding.value, written, parser_of)
        except ValueError as error:
            raise SettingsFileError(f"{place} {error}") from None
        places[binding.key] = place
    return SettingsFile(values, places, tuple(warnings))


def _content(path: Path) -> bytes:
    try:
        return read_small_file(path, _LARGEST_BYTES)
    except FileNotFoundError:
        if not path.is_symlink():
            return b""
        reason = f"it is a link to {path.readlink()}, which does not exist"
    except OSError as error:
        if _is_null_device(path):
            return b""
        reason = str(error.strerror)
    raise SettingsFileError(
        f"{path} cannot be read ({reason}): make it a text file of at most {_LARGEST_BYTES} bytes"
        " that this user can read"
    )


def _is_null_device(path: Path) -> bool:
    """Return whether *path* is the null device, which some mount over a file to empty it."""
    try:
        # Not samefile(): a mount of it may be another file.
        return path.is_char_device() and path.stat().st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False


def _text(path: Path) -> str:
    content = _content(path)
    if content.startswith(_UTF_16):
        raise SettingsFileError(f"{path} is UTF-16: save it as UTF-8")
    if b"\0" in content:
        raise SettingsFileError(
            f"line {_line_at(content, content.index(0))} of {path} has a NUL byte: save the file"
            " as UTF-8 text"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"line {_line_at(content, error.start)} of {path}"
        raise SettingsFileError(f"{place} is not UTF-8: save the file as UTF-8") from None


def _line_at(content: bytes, index: int) -> int:
    return content.count(b"\n", 0, index) + 1


def _line(binding: Binding) -> int:
    """Return the number of the line of *binding*, whose text may begin with empty lines."""
    text = binding.original.string
    empty = text[: len(text) - len(text.lstrip())]
    return binding.original.line + len(_LINE_END.findall(empty))


def _what_is_wrong(written: str) -> str:
    found = _ASSIGNMENT.match(written)
    if found and found["value"][:1] in {"'", '"'}:
        return (
            f"cannot be parsed: a value that begins with {found['value'][0]} must end with it, and"
            " only a comment may follow"
        )
    return "cannot be parsed: write NAME=value"


def _value(name: str, parsed: str, written: str, parser_of: ParserOf) -> str:
    """Return the value of *name*; raises ValueError if it is not certain. *parsed* is dotenv's."""
    found = _ASSIGNMENT.match(written)
    assert found is not None  # python-dotenv has parsed the same text
    whole = found["value"]
    if whole[:1] in {"'", '"'}:
        _check_quote(name, parsed, parser_of)
        return parsed
    follows_sign = written[found.start("value") - 1] == "="
    for hash_ in _HASH.finditer(whole):
        before = whole[: hash_.start()]
        if not before and follows_sign:
            continue
        if name in _LISTS and hash_["word"] and before.rstrip()[-1:] in {"", ","}:
            continue
        if _may_belong_to_value(name, before, whole, hash_["word"], parser_of):
            raise ValueError(
                f"has a # after a space in the value of {name}: if it belongs to the value, write"
                " the value in single quotes; if it begins a comment, move that to its own line"
            )
        return before.rstrip()
    return whole.rstrip()


def _check_quote(name: str, value: str, parser_of: ParserOf) -> None:
    for line in _LINE_END.split(value)[1:]:
        other = line.partition("=")[0].strip().removeprefix("export ").strip()
        if parser_of(other) is not None:
            raise ValueError(
                f"begins a quote in the value of {name} that does not end before {other} is set"
            )


def _may_belong_to_value(
    name: str, before: str, whole: str, word: str | None, parser_of: ParserOf
) -> bool:
    parse = parser_of(name)
    if parse is None or (not word and (not before or not holds_password(name))):
        return False
    try:
        parse(whole)
    except ValueError:
        return False
    return True
