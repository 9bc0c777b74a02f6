"""
Every log line and error text that a page quotes exists in the code.

1. On every page, a quote is a code span in double quotation marks: "`Kafka confirms … again`".
2. The code spans in the headings of docs/troubleshooting.md and docs/login.md are quotes too.
3. `…` in a quote stands for any text, and is all that matches what the code fills in (`%s`,
   `{name}`).
4. A quote has to be a part of one string of the code: readers, publisher, auth or common.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import code_spans, headings, name_of, pages, prose
from tests.processes import REPOSITORY

_TROUBLESHOOTING = REPOSITORY / "docs" / "troubleshooting.md"
_LOGIN = REPOSITORY / "docs" / "login.md"
_PACKAGES = ("readers", "publisher", "auth", "monitor", "common")

#: Quotes whose text is not ours, by who writes it.
_TEXTS_OF_OTHERS = {
    "Twitch": {
        "Improperly formatted auth",
        "Invalid authorization code",
        "Invalid client credentials",
        "Login authentication failed",
        "Parameter redirect_uri does not match registered URI",
        "invalid client secret",
        "redirect_mismatch",
    },
    "OpenSSL": {"CERTIFICATE_VERIFY_FAILED"},
    "Python": {"No module named 'common'"},
    "the shell": {"bad interpreter", "cannot execute: required file not found"},
    "the C library": {
        "Name or service not known",
        "Temporary failure in name resolution",
    },
    "supervisord": {
        "Another program is already listening on a port that one of our HTTP servers is configured"
        " to use",
        "Cannot open an HTTP server: socket.error reported …",
        "no log file",
        "publisher: ERROR (spawn error)",
    },
}

_QUOTE = re.compile(r'"`([^`]+)`"')

#: What the code fills in.
_PLACEHOLDER = "…"
_PERCENT = re.compile(r"%[-+#0]*\d*(?:\.\d+)?[sdrxfg]")

#: A quote with less text than that would be found anywhere.
_LEAST_LETTERS = 8


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_quoted_texts_exist(page: Path) -> None:
    """Expect each quote to be a part of a string of the code, or the text of somebody else."""
    assert [quote for quote in _quotes(page) if not _exists(quote)] == []


def test_troubleshooting_quotes_all_its_headings_with_code() -> None:
    """Expect most entries of both pages to be about a text, or the convention is not in use."""
    assert len(list(_quotes(_TROUBLESHOOTING))) > 30
    assert len(list(_quotes(_LOGIN))) > 10


def test_every_text_of_others_is_quoted() -> None:
    """Expect no text in the list that no page quotes any more."""
    quoted = {quote for page in pages() for quote in _quotes(page)}
    assert set().union(*_TEXTS_OF_OTHERS.values()) - quoted == set()


@pytest.mark.parametrize(
    ("quote", "is_found"),
    [
        ("could not be … at all", True),
        ("could not be written at all", False),
        ("at … times: giving up", True),
        ("at 3 times: giving up", False),
        ("could … giving up", False),
        ("at …", False),
    ],
)
def test_what_the_code_fills_in_matches_only_an_ellipsis(quote: str, is_found: bool) -> None:
    """Expect `%s` and `{…}` to be matched by `…` alone, and a quote to be of one string."""
    source = 'log("it could not be %s" " at all"); raise Error(f"at {count} times: giving up")'
    assert _is_part_of(quote, list(_strings_of(ast.parse(source)))) is is_found


def test_docstrings_are_not_quoted() -> None:
    """Expect what is only said about the code not to count as what it says."""
    assert list(_strings_of(ast.parse('def do():\n    """Only described."""'))) == []


def _quotes(page: Path) -> Iterator[str]:
    text = page.read_text()
    for quote in _QUOTE.findall(prose(text)):
        yield " ".join(quote.split())  # it may go on in the next line
    if page in (_TROUBLESHOOTING, _LOGIN):
        for heading in headings(text):
            yield from code_spans(heading)


def _exists(quote: str) -> bool:
    if any(quote in texts for texts in _TEXTS_OF_OTHERS.values()):
        return True
    return _is_part_of(quote, _strings())


def _is_part_of(quote: str, strings: list[str]) -> bool:
    parts = quote.split(_PLACEHOLDER)
    if sum(map(len, parts)) < _LEAST_LETTERS:
        return False
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return any(pattern.search(string) for string in strings)


@functools.cache
def _strings() -> list[str]:
    """Return all strings of the code, with `…` for what it fills in."""
    return [
        string
        for package in _PACKAGES
        for path in sorted((REPOSITORY / package).rglob("*.py"))
        for string in _strings_of(ast.parse(path.read_text()))
    ]


def _strings_of(tree: ast.Module) -> Iterator[str]:
    docstrings = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(map(_text, node.values))
        elif isinstance(node, ast.Constant) and node not in docstrings:
            yield _text(node)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _PERCENT.sub(_PLACEHOLDER, node.value)
    return _PLACEHOLDER if isinstance(node, ast.FormattedValue) else ""


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
