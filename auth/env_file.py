"""Sets variables in a `.env` file, and leaves everything else in it as it is, to the byte."""

from __future__ import annotations

import io
import re
import stat
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from common.files import OWNER_ONLY, replace_file

#: An assignment as python-dotenv reads it: what stands before the value, the value, what follows.
_ASSIGNMENT = re.compile(
    r"""(\s*(?:export[^\S\r\n]+)?[^=\s]+[^\S\r\n]*=[^\S\r\n]*)"""
    r"""('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|[^\r\n]*?)"""
    r"""((?:[^\S\r\n]+\#[^\r\n]*|[^\S\r\n]*)(?:\r\n|\n|\r)?)"""
)


def set_variable(path: Path, name: str, value: str) -> None:
    """
    Make the file at *path* set the variable *name* to *value*, which needs no quotes.

    A file that is not there is made, for its owner only; of one that is, the mode stays. Raises
    OSError, or UnicodeDecodeError when it is not UTF-8.
    """
    path = path.resolve()  # where it is a link, the link stays
    try:
        text = path.read_bytes().decode()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        text, mode = "", OWNER_ONLY
    replace_file(path, _with_variable(text, name, value).encode(), mode)


def _with_variable(text: str, name: str, value: str) -> str:
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    parts = [binding.original.string for binding in bindings]
    last = _last_assignment(bindings, name)
    if last is None:
        return _with_line("".join(parts), f"{name}={value}")
    found = _ASSIGNMENT.fullmatch(parts[last])
    assert found is not None  # it is what python-dotenv has matched
    parts[last] = f"{found[1]}{value}{found[3]}"
    return "".join(parts)


def _last_assignment(bindings: list[Binding], name: str) -> int | None:
    """Return the index of the assignment that counts, the last one, unless nothing is assigned."""
    found = [index for index, binding in enumerate(bindings) if binding.key == name]
    return found[-1] if found and bindings[found[-1]].value is not None else None


def _with_line(text: str, line: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    separator = "" if not text or text.endswith(("\n", "\r")) else end
    return f"{text}{separator}{line}{end}"
