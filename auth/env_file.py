"""Sets variables in a `.env` file, and preserves everything else in it byte for byte."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from common.rewrite import rewrite_file

#: An assignment as python-dotenv parses it: text before the value, the value, text after it.
_ASSIGNMENT = re.compile(
    r"""(\s*(?:export[^\S\r\n]+)?[^=\s]+[^\S\r\n]*=[^\S\r\n]*)"""
    r"""('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^\r\n]*?)"""
    r"""((?:[^\S\r\n]+\#[^\r\n]*|[^\S\r\n]*)(?:\r\n|\n|\r)?)"""
)


def set_variable(path: Path, name: str, value: str) -> None:
    """
    Set the variable *name* to *value*, which must not need quotes, in the file at *path*.

    A missing file is created with mode 0600. An existing file keeps its mode, owner and group, and
    its byte order mark if it has one. Raises OSError, or UnicodeDecodeError if the file is not
    UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = content.removeprefix(mark).decode()
    rewrite_file(path, mark + _with_variable(text, name, value).encode())


def _with_variable(text: str, name: str, value: str) -> str:
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    parts = [binding.original.string for binding in bindings]
    last = _last_assignment(bindings, name)
    if last is None:
        return _with_line("".join(parts), f"{name}={value}")
    found = _ASSIGNMENT.fullmatch(parts[last])
    assert found is not None  # python-dotenv has parsed the same text
    parts[last] = f"{found[1]}{value}{found[3]}"
    return "".join(parts)


def _last_assignment(bindings: list[Binding], name: str) -> int | None:
    """Return the index of the last binding of *name*, or None if it assigns no value."""
    found = [index for index, binding in enumerate(bindings) if binding.key == name]
    return found[-1] if found and bindings[found[-1]].value is not None else None


def _with_line(text: str, line: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    separator = "" if not text or text.endswith(("\n", "\r")) else end
    return f"{text}{separator}{line}{end}"
