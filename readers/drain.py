"""
`python -m readers.drain`: send what is left in the outboxes of channels that are not being read.

Messages are left when a channel is removed while Kafka is unreachable. Also run this before a host
is decommissioned.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from common import exit_codes
from common.arguments import main_of, real_number
from common.chat_gap import GapReason
from common.service_user import refuse_as_root
from common.settings import Settings, SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from readers.link.sender import Sender
from readers.outbox.errors import OutboxDamagedError, OutboxError, OutboxInUseError
from readers.outbox.outbox import Outbox

logger = logging.getLogger("readers.drain")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Send what is left in the outboxes of channels that are not being read to the publisher."
        " The exit status is 0 if nothing is left in them."
    )
    parser.epilog = settings_help("drain")
    parser.add_argument(
        "--within",
        type=real_number(0, 86400),
        default=60.0,
        metavar="SECONDS",
        help="time limit for each outbox, 0 to 86400 (default: 60)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    within_s = options.within
    settings = start("drain")
    refuse_as_root("drain", [settings.state_dir, settings.state_dir / "outbox"])
    try:
        publishers = publisher_addresses(settings)
    except SettingsError as error:
        return settings_are_wrong(error)
    paths = sorted((settings.state_dir / "outbox").glob("*.db"))
    left = sum(_drain(path, settings, publishers, within_s) for path in paths)
    logger.info("%d outboxes checked, %d messages are left", len(paths), left)
    return exit_codes.FAILURE if left else exit_codes.OK


def _drain(
    path: Path, settings: Settings, publishers: Sequence[PublisherAddress], within_s: float
) -> int:
    """Empty the outbox at *path*; return how many messages are left, 1 if that is not known."""
    # The second attempt is for an outbox that turns out to be damaged: to open it again mends it.
    for _ in range(2):
        try:
            return _empty(path, settings, publishers, within_s)
        except OutboxInUseError as error:
            logger.info("%s; if that is its reader, it sends what is in the outbox", error)
            return 0
        except OutboxDamagedError as error:
            logger.error("%s", error)
        except OutboxError as error:
            logger.error("%s", error)
            break
    return 1


def _empty(
    path: Path, settings: Settings, publishers: Sequence[PublisherAddress], within_s: float
) -> int:
    channel = path.stem
    outbox = Outbox(path, channel, settings.outbox_max_bytes)
    try:
        waiting = outbox.waiting
        asyncio.run(_send(outbox, publishers, within_s))
        logger.info("%s: %d messages delivered", channel, waiting - outbox.waiting)
        return max(outbox.waiting, _untold_loss(channel, outbox))
    finally:
        outbox.close()


def _untold_loss(channel: str, outbox: Outbox) -> int:
    """Return 1 if something was lost and no gap record can be sent, for only Twitch has the id."""
    absence = outbox.absence()
    if absence is None or absence.reason is not GapReason.DAMAGED:
        return 0
    logger.warning(
        "%s: messages may be lost, because the outbox was damaged. The gap record for them is added"
        " when the channel is read again",
        channel,
    )
    return 1


async def _send(outbox: Outbox, publishers: Sequence[PublisherAddress], within_s: float) -> None:
    sender = Sender(outbox, publishers)
    try:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(sender.run())
            await sender.wait_until_empty(within_s)
            sending.cancel()
    except ExceptionGroup as group:
        # One of the two failed; the other was cancelled.
        raise group.exceptions[0] from None


if __name__ == "__main__":
    sys.exit(main_of("python -m readers.drain", add_arguments, run))
