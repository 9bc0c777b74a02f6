"""`twitch-ingestion drain` with a publisher that takes no events. end_to_end tests the rest."""

from __future__ import annotations

import asyncio
from pathlib import Path

from common.frames import Kind
from readers.outbox.outbox import Outbox
from tests.processes import StartProcess, python_module
from tests.readers.link.acting_publisher import Publisher, append


async def test_events_that_nobody_takes_do_not_count_as_delivered(
    processes: StartProcess, short_folder: Path
) -> None:
    """Nor do they stay: the publisher would never take them. A line says so."""
    folder = short_folder / "var" / "outbox"
    folder.mkdir(parents=True)
    outbox = Outbox(folder / "xqc.db", "xqc", 10**9)
    append(outbox, b"event", b"event", kind=Kind.EVENT)
    outbox.close()
    publisher = Publisher()
    environment = {
        "PUBLISHER_ENDPOINT": publisher.address.batches,
        "PUBLISHER_ACK_ENDPOINT": publisher.address.acknowledgements,
    }
    command = processes(python_module("readers.drain"), environment)
    await publisher.refuse_events()
    assert await asyncio.to_thread(command.wait, 60) == 0
    publisher.close()
    assert "giving up 2 events" in command.output()
    assert "xqc: 0 messages delivered, 0 left" in command.output()
