"""
Every command that the product prints for people can be pasted, in every installation.

It comes from `common.command_line.command`, so the code has no command as a literal text, and each
call of it names a command that exists.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.command_line import SCRIPT
from tests.processes import REPOSITORY, run_to_end

_PACKAGES = ("auth", "common", "monitor", "publisher", "readers", "twitch_ingestion")

#: The beginning of a command that only some installations have.
_LITERAL = re.compile(rf"\bpython -m |supervisorctl |`(\.venv|scripts|{SCRIPT} (?!COMMAND))")

#: What takes the name of a program for its help, rather than a text to print.
_NAMES_OF_PROGRAMS = {"main_of", "ArgumentParser"}


def test_no_text_of_the_code_has_a_command() -> None:
    """A person who pastes it would run another installation, or none."""
    assert [
        f"{path.relative_to(REPOSITORY)}: {text}"
        for path in _files()
        for text in _texts(ast.parse(path.read_text()))
        if _LITERAL.search(text)
    ] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('log("run `python -m auth login`")', 1),
        ('log(f"{path}: run `python -m auth login`")', 1),
        ("log(f\"run `{command('auth', 'login')}`\")", 0),
        ('"""`python -m auth`: keep the login valid."""', 0),
        ('main_of("python -m auth", add_arguments, run)', 0),
    ],
)
def test_a_command_in_a_text_is_found(source: str, found: int) -> None:
    """Wherever the text is, but not in a docstring, which nobody is shown."""
    texts = _texts(ast.parse(source))
    assert len([text for text in texts if _LITERAL.search(text)]) == found


def test_each_printed_command_exists() -> None:
    """It shows its help, with the options that the command is printed with."""
    commands = {call for path in _files() for call in _calls(ast.parse(path.read_text()))}
    assert ("auth", "login", "--device") in commands
    for arguments in sorted(commands):
        shown = run_to_end(
            [sys.executable, "-m", "twitch_ingestion", *arguments, "--help"], REPOSITORY
        )
        assert shown.returncode == 0, (arguments, shown.stderr)
        missing = [word for word in arguments if word[0] == "-" and word not in shown.stdout]
        assert missing == [], (arguments, shown.stdout)


def _files() -> list[Path]:
    return [path for name in _PACKAGES for path in sorted((REPOSITORY / name).rglob("*.py"))]


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of *tree* that are neither docstrings nor names of programs."""
    others = set(_others(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in others:
            yield node.value


def _others(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Call) and _name(node.func) in _NAMES_OF_PROGRAMS:
            yield from node.args
            yield from (keyword.value for keyword in node.keywords)


def _calls(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of each call of `command`, up to the first that is filled in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "command":
            literal = itertools.takewhile(lambda each: isinstance(each, ast.Constant), node.args)
            yield tuple(ast.literal_eval(argument) for argument in literal)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))
