"""Send what is in an outbox that no reader uses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from readers.link.sender import Sender

if TYPE_CHECKING:
    from readers.link.publisher_addresses import PublisherAddress
    from readers.outbox.outbox import Outbox


async def send_all(outbox: Outbox, publishers: Sequence[PublisherAddress], within_s: float) -> int:
    """
    Send until everything in *outbox* is acknowledged, or for *within_s* seconds.

    Returns how many events were not sent, because the publisher takes none: they are not in
    *outbox* any more. Raises OutboxError when the outbox turns out to be damaged.
    """
    sender = Sender(outbox, publishers)
    try:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(sender.run())
            await sender.wait_until_empty(within_s)
            sending.cancel()
    except ExceptionGroup as group:
        # One of the two failed; the other was cancelled.
        raise group.exceptions[0] from None
    return sender.given_up
