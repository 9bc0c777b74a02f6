"""Reads the repository's Markdown pages: their headings, links, anchors and code."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.processes import REPOSITORY

#: Folders whose Markdown is not ours: packages, state, build results.
_FOREIGN = {"node_modules", "var", "build", "target"}

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK_TEXT = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_INLINE_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]: *<?(\S+?)>?(?: .*)?$", re.MULTILINE)


def pages() -> list[Path]:
    """Return all Markdown files of the repository."""
    found = []
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _FOREIGN
        )
        found += [Path(folder) / name for name in sorted(files) if name.endswith(".md")]
    return found


def name_of(page: Path) -> str:
    """Return the path of *page* in the repository, as a test's id."""
    return str(page.relative_to(REPOSITORY))


def prose(text: str) -> str:
    """Return the Markdown *text* without its code blocks; the number of lines stays the same."""
    return _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)


def code_blocks(text: str) -> list[str]:
    """Return the code blocks of the Markdown *text*, with the lines that fence them."""
    return [block[0] for block in _FENCE.finditer(text)]


def headings(text: str) -> list[str]:
    """Return the headings of the Markdown *text*, as Markdown."""
    return _HEADING.findall(prose(text))


def code_spans(text: str) -> list[str]:
    """Return what stands in backticks in a piece of Markdown *text* without code blocks."""
    return [span[2].strip() for span in _CODE.finditer(text)]


def links(text: str) -> Iterator[str]:
    """Yield the targets of all links and images in the Markdown *text*."""
    without_code = _CODE.sub("", prose(text))
    # A link around an image has two targets.
    for pattern in (_INLINE_LINK, _REFERENCE):
        yield from pattern.findall(without_code)


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of the Markdown *text*."""
    found: set[str] = set()
    for heading in headings(text):
        slug = _slug(heading)
        number, anchor = 0, slug
        while anchor in found:
            number += 1
            anchor = f"{slug}-{number}"
        found.add(anchor)
    return found


def _slug(heading: str) -> str:
    """Lower case, no punctuation but `-` and `_`, and a hyphen for each space."""
    plain = _LINK_TEXT.sub(r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
