"""Which settings the code of a command uses, by its source: what its functions can reach."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from common.settings import Settings
from tests.test_walls import MODULES

#: Where a command begins.
_ENTRANCES = ("add_arguments", "run")

_FIELDS = {variable.name for variable in fields(Settings)}


@dataclass
class _Module:
    """What a module defines, and what its imported names stand for: (module, name or "")."""

    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


def settings_used_by(module: str) -> set[str]:
    """
    Return the names of the fields of Settings that the command in *module* uses.

    Code counts if a function or class that contains it is named by code that counts. So does all
    of a class that is named. What is passed on by other means than a name is not seen.
    """
    waiting = [(module, name) for name in _ENTRANCES]
    reached, used = set(waiting), set[str]()
    while waiting:
        place, name = waiting.pop()
        for node in _module(place).definitions.get(name, ()):
            used.update(_fields_in(node))
            new = set(_named_in(place, node)) - reached
            reached |= new
            waiting += new
    return used


@functools.cache
def _module(name: str) -> _Module:
    module = _Module()
    for node in ast.walk(tree := ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                source, whole = node.module or "", f"{node.module}.{alias.name}"
                target = (whole, "") if whole in MODULES else (source, alias.name)
                module.imported[alias.asname or alias.name] = target
    for node in tree.body:
        for defined in _defined_by(node):
            module.definitions.setdefault(defined, []).append(node)
    return module


def _defined_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _named_in(place: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the definitions of the product that code in the module *place* names."""
    module = _module(place)
    for part in _walk(node):
        if isinstance(part, ast.Name):
            source, name = module.imported.get(part.id, (place, part.id))
            if source in MODULES and name:
                yield source, name
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            source, name = module.imported.get(part.value.id, ("", ""))
            if source in MODULES and not name:
                yield source, part.attr


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield *node* and all in it, except what only the completion of a command line needs."""
    match node:
        case ast.Assign(targets=[ast.Attribute(attr="completer")]):
            return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _fields_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in _FIELDS and _holds_settings(part.value):
            yield part.attr


def _holds_settings(node: ast.expr) -> bool:
    """Return whether *node* is named as settings are: `settings`, `self._settings`, `start(…)`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)):
            return name.lstrip("_") in {"settings", "start", "read_settings"}
    return False
