"""Noticing that the process has grown."""

from __future__ import annotations

import mmap
import resource
from collections.abc import Iterator

import pytest

from publisher.link.memory_growth import MemoryGrowth

MIB = 1024 * 1024


@pytest.fixture
def memory() -> Iterator[MemoryGrowth]:
    """Yield one that notices 8 MiB."""
    memory = MemoryGrowth(8 * MIB)
    yield memory
    memory.close()


def test_growth_is_noticed_once(memory: MemoryGrowth) -> None:
    """Then the process has to grow by as much again."""
    assert not memory.has_grown()
    with mmap.mmap(-1, 64 * MIB) as block:
        block.write(b"x" * 32 * MIB)
        assert memory.has_grown()
        assert not memory.has_grown()
        block.write(b"x" * 32 * MIB)
        assert memory.has_grown()


def test_growth_counts_from_the_least(memory: MemoryGrowth) -> None:
    """Memory that is returned to the system and taken again counts again."""
    for _ in range(2):
        with mmap.mmap(-1, 64 * MIB) as block:
            block.write(b"x" * 64 * MIB)
            assert memory.has_grown()
        assert not memory.has_grown()


def test_it_needs_no_further_file(memory: MemoryGrowth) -> None:
    """A publisher with many readers may have as many files open as it is allowed."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        memory.has_grown()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
