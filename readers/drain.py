"""
`python -m readers.drain`: send what is left in the outboxes of channels that are not being read.

Messages are left when a channel is removed while Kafka is unreachable. Also run this before a host
is decommissioned.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from common import exit_codes
from common.arguments import real_number
from common.settings import Settings, SettingsError, settings_help
from common.startup import settings_are_wrong, start
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from readers.link.sender import Sender
from readers.outbox.file import OutboxError, OutboxInUseError
from readers.outbox.outbox import Outbox

logger = logging.getLogger("readers.drain")


def main() -> int:
    """Run the command and return its exit status."""
    within_s = _parser().parse_args().within
    settings = start("drain")
    try:
        publishers = publisher_addresses(settings)
    except SettingsError as error:
        return settings_are_wrong(error)
    paths = sorted((settings.state_dir / "outbox").glob("*.db"))
    left = sum(_drain(path, settings, publishers, within_s) for path in paths)
    logger.info("%d outboxes checked, %d messages are left", len(paths), left)
    return exit_codes.FAILURE if left else exit_codes.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m readers.drain",
        description="Send what is left in the outboxes of channels that are not being read to the"
        " publisher. The exit status is 0 if nothing is left in them.",
        epilog=settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--within",
        type=real_number(0, 86400),
        default=60.0,
        metavar="SECONDS",
        help="time limit for each outbox, 0 to 86400 (default: 60)",
    )
    return parser


def _drain(
    path: Path, settings: Settings, publishers: Sequence[PublisherAddress], within_s: float
) -> int:
    """Empty the outbox at *path*; return how many messages are left, 1 if it cannot be opened."""
    channel = path.stem
    try:
        outbox = Outbox(path, channel, settings.outbox_max_bytes)
    except OutboxInUseError:
        logger.info("%s is being read: its reader sends what is in the outbox", channel)
        return 0
    except OutboxError as error:
        logger.error("%s", error)
        return 1
    try:
        waiting = outbox.waiting
        asyncio.run(_send(outbox, publishers, within_s))
        logger.info("%s: %d messages delivered", channel, waiting - outbox.waiting)
        return outbox.waiting
    finally:
        outbox.close()


async def _send(outbox: Outbox, publishers: Sequence[PublisherAddress], within_s: float) -> None:
    sender = Sender(outbox, publishers)
    sending = asyncio.create_task(sender.run())
    await sender.wait_until_empty(within_s)
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending


if __name__ == "__main__":
    sys.exit(main())
