"""Numbers that a reader skips or evicts hold nothing up."""

from __future__ import annotations

import pytest

from tests.link.model import World


@pytest.mark.parametrize("evicted", [[], [0], [1], [2, 1], [3], [2, 3], [0, 0, 0]])
def test_batches_behind_skipped_numbers_are_accepted_at_once(evicted: list[int]) -> None:
    """No batch has to be sent twice: not after a boot of the host, nor after evictions."""
    world = World()
    reader = world.readers["ann"]
    for _ in range(3):
        reader.append(2)
    reader.reboot(0, world.now)
    for _ in range(3):
        reader.append(2)
    for position in evicted:
        reader.evict(position)
    held = len(reader.batches)
    world.announce()
    while world.send("ann"):
        pass
    assert len(world.messages) == held
    while world.messages:
        world.receive()
    assert len(world.unconfirmed) == held
    while world.unconfirmed:
        world.confirm(0)
    while world.acknowledgements:
        world.receive_acknowledgement()
    assert not reader.batches
