"""Which part may import which: see "Where things live" in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

_READERS = (
    "readers.parsing",
    "readers.twitch",
    "readers.outbox",
    "readers.link",
    "readers.supervision",
    "readers.opt_out",
    "readers.fork_server",
)
_PUBLISHER = (
    "publisher.link",
    "publisher.kafka",
    "publisher.delivery",
    "publisher.deduplication",
    "publisher.tail",
)

_COMMON = ("common", "common.status")
_MONITOR = ("monitor.collection", "monitor.metrics", "monitor.web", "monitor.terminal")

#: What each room, or package outside of its rooms, may import besides itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "common": (),
    "common.status": ("common",),
    "auth": _COMMON,
    "monitor": (*_COMMON, *_MONITOR),
    "monitor.collection": _COMMON,
    "monitor.metrics": (*_COMMON, "monitor.collection"),
    "monitor.web": (*_COMMON, "monitor.collection", "monitor.metrics"),
    "monitor.terminal": (*_COMMON, "monitor.collection"),
    "simulator": _COMMON,
    "twitch_ingestion": (
        *(*_COMMON, "auth", "monitor", *_MONITOR, "simulator"),
        *("publisher", *_PUBLISHER, "readers", *_READERS),
    ),
    "twitch_ingestion.check": (
        *(*_COMMON, "auth", "readers", *_READERS),
        *("publisher.kafka", "monitor.collection", "monitor.web"),
    ),
    "readers": (*_COMMON, *_READERS),
    "readers.parsing": _COMMON,
    "readers.opt_out": (*_COMMON, "readers.parsing"),
    "readers.twitch": (*_COMMON, "readers.parsing"),
    "readers.outbox": _COMMON,
    "readers.supervision": _COMMON,
    "readers.link": (*_COMMON, "readers.outbox"),
    "readers.fork_server": (
        *(*_COMMON, "readers.__main__", "readers.reader"),
        *("readers.twitch", "readers.supervision"),
    ),
    "publisher": (*_COMMON, *_PUBLISHER),
    "publisher.link": _COMMON,
    "publisher.kafka": (*_COMMON, "publisher.stop_signals"),
    "publisher.delivery": (
        *(*_COMMON, "publisher.link", "publisher.kafka"),
        *("publisher.books", "publisher.oldest_taken", "publisher.stop_signals"),
    ),
    "publisher.deduplication": (
        *(*_COMMON, "publisher.link", "publisher.kafka", "publisher.delivery"),
        *("publisher.books", "publisher.stop_signals"),
    ),
    "publisher.tail": (*_COMMON, "publisher.kafka"),
}
_PACKAGES = {room.partition(".")[0] for room in MAY_IMPORT}


def modules() -> dict[str, Path]:
    """Return the path of each module of the product, by its name."""
    found = {}
    for package in _PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the product that *module* imports, wherever it does so."""
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [_imported(node.module or "", alias.name) for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in _PACKAGES)


def _imported(module: str, name: str) -> str:
    return f"{module}.{name}" if f"{module}.{name}" in MODULES else module


def room_of(module: str) -> str:
    """Return the room that *module* is in, or its package if it is in none."""
    return max((room for room in MAY_IMPORT if _is_in(module, room)), key=len)


def _is_in(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


def _may_import(module: str, imported: str) -> bool:
    room = room_of(module)
    if room_of(imported) == room:
        return True
    return any(
        imported == place if place not in MAY_IMPORT else room_of(imported) == place
        for place in MAY_IMPORT[room]
    )


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    """An import within a function, or for types only, counts as well."""
    assert [name for name in imports(module) if not _may_import(module, name)] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even for types only."""
    graph = {module: set(imports(module)) - {module} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' <- '.join(error.args[1])}")


def test_every_room_has_a_rule_and_says_what_it_is_for() -> None:
    """A folder that has no rule yet must not be open to everything."""
    rooms = {module for module, path in MODULES.items() if path.name == "__init__.py"}
    assert rooms == set(MAY_IMPORT)
    assert [room for room in rooms if not ast.get_docstring(_tree(room))] == []


@functools.cache
def _tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())
