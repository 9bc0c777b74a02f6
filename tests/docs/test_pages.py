"""README.md stays short, and the commands of all pages exist."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

from tests.docs.markdown import code_blocks, name_of, pages
from tests.processes import REPOSITORY

MOST_LINES = 200

_SCRIPT = re.compile(r"(?:^|[\s`(])(scripts/[a-z]+)\b")
_MODULE = re.compile(r"\bpython3? -m ([a-z_.]+)")


def test_the_readme_is_short() -> None:
    """Expect at most 200 lines."""
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_commands_exist(page: Path) -> None:
    """Expect each script that a page names to be there, and each module of a code block."""
    text = page.read_text()
    scripts = set(_SCRIPT.findall(text))
    assert [name for name in sorted(scripts) if not _is_executable(name)] == []
    modules = set(_MODULE.findall("\n".join(code_blocks(text))))
    assert [name for name in sorted(modules) if not importlib.util.find_spec(name)] == []


def _is_executable(script: str) -> bool:
    return os.access(REPOSITORY / script, os.X_OK)
