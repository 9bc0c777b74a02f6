"""Noticing that the process has grown."""

from __future__ import annotations

import mmap

from publisher.link.memory_growth import MemoryGrowth

MIB = 1024 * 1024


def test_growth_is_noticed_once() -> None:
    """Then the process has to grow by as much again."""
    memory = MemoryGrowth(8 * MIB)
    assert not memory.has_grown()
    with mmap.mmap(-1, 64 * MIB) as block:
        block.write(b"x" * 32 * MIB)
        assert memory.has_grown()
        assert not memory.has_grown()
        block.write(b"x" * 32 * MIB)
        assert memory.has_grown()


def test_growth_counts_from_the_least() -> None:
    """Memory that is returned to the system and taken again counts again."""
    memory = MemoryGrowth(8 * MIB)
    for _ in range(2):
        with mmap.mmap(-1, 64 * MIB) as block:
            block.write(b"x" * 64 * MIB)
            assert memory.has_grown()
        assert not memory.has_grown()
