"""Every relative link and anchor in the Markdown pages resolves, and every page can be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import anchors, links, name_of, pages
from tests.processes import REPOSITORY

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_resolve(page: Path) -> None:
    """Expect the file of each relative link to exist, and the anchor to be one of its headings."""
    assert list(_broken_links(page)) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Expect a way by links from README.md to each page of docs/."""
    reached: set[Path] = set()
    to_visit = [REPOSITORY / "README.md"]
    while to_visit:
        page = to_visit.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = [_target(page, link) for link in links(page.read_text())]
        to_visit += [path for path, _ in filter(None, targets) if path.suffix == ".md"]
    docs = [page for page in pages() if page.is_relative_to(REPOSITORY / "docs")]
    assert [name_of(page) for page in docs if page not in reached] == []


def _broken_links(page: Path) -> Iterator[str]:
    for link in links(page.read_text()):
        target = _target(page, link)
        if target is None:
            continue
        path, anchor = target
        if not _exists(path):
            yield f"{link}: there is no such file"
        elif anchor and (path.suffix != ".md" or anchor not in anchors(path.read_text())):
            yield f"{link}: there is no such heading"


def _target(page: Path, link: str) -> tuple[Path, str] | None:
    """Return the file and the anchor that a relative *link* of *page* leads to."""
    if _ELSEWHERE.match(link):
        return None
    file, _, anchor = link.partition("#")
    return ((page.parent / unquote(file)).resolve() if file else page, anchor)


def _exists(path: Path) -> bool:
    return path.is_relative_to(REPOSITORY) and path.exists()


@pytest.mark.parametrize(
    ("headings", "anchor"),
    [
        ("## Two readers", "two-readers"),
        ("## `… can't`: *see* `a_b`, c-d", "-cant-see-a_b-c-d"),
        ("## [Link](there.md) text", "link-text"),
        ("## Same\n\n## Same", "same-1"),
        ("```sh\n# no heading\n```\n# Heading", "heading"),
    ],
)
def test_anchors_are_those_of_github(headings: str, anchor: str) -> None:
    """Expect GitHub's rules (https://docs.github.com/, "Section links")."""
    assert anchor in anchors(headings)


def test_code_is_not_taken_for_headings_or_links() -> None:
    """Expect nothing to be found in code blocks and code spans."""
    text = "```sh\n# heading\n[a](b.md)\n```\nand `[c](d.md)`"
    assert anchors(text) == set()
    assert list(links(text)) == []
