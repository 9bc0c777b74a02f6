"""
Chat lines recorded by others, which lie beside the repository where they are at hand.

Without them the tests that read them are skipped; each rule has a case of its own in the
repository as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

_CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"

#: Marks a test that reads recorded lines.
needs_corpora = pytest.mark.skipif(not _CORPORA.is_dir(), reason=f"no recorded chat in {_CORPORA}")


class Expectation(msgspec.Struct):
    """A line, and what the library whose fixture it is expects of it, in that library's words."""

    raw: str
    test: str
    expected: dict[str, Any]


def recordings() -> list[str]:
    """Return the names of the files with recorded lines; none where there are no corpora."""
    return sorted(path.name for path in _CORPORA.glob("*.txt"))


def recorded_lines(name: str) -> list[bytes]:
    """Return the lines of a recording, without line ends. Raises OSError when it is not there."""
    return (_CORPORA / name).read_bytes().removesuffix(b"\n").split(b"\n")


def expectations(library: str) -> list[Expectation]:
    """Return what a library's fixture expects. Raises OSError when it is not there."""
    lines = (_CORPORA / f"{library}.expected.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Expectation) for line in lines]
