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
from typing import NamedTuple

from common import exit_codes
from common.arguments import add_time_limit, main_of
from common.chat_gap import GapReason
from common.logs import counts
from common.service_user import refuse_as_root
from common.settings import Settings, SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from readers.link.publisher_addresses import PublisherAddress, publisher_addresses
from readers.link.send_all import send_all
from readers.opt_out.file import OPT_OUT_OUTBOX
from readers.outbox.errors import OutboxDamagedError, OutboxError, OutboxInUseError
from readers.outbox.outbox import Outbox

logger = logging.getLogger("readers.drain")


class _Outcome(NamedTuple):
    """What has become of an outbox, or of several."""

    #: Messages.
    delivered: int = 0
    left: int = 0
    #: Outboxes that another process has open.
    in_use: int = 0
    #: Outboxes that cannot be opened, or of which something is lost that no gap record covers yet.
    failed: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Send what is left in the outboxes of channels that are not being read to the publisher."
        " The exit status is 0 if nothing is left in them, 1 if something is, and 78 if there is no"
        " folder of outboxes."
    )
    parser.epilog = settings_help("drain")
    add_time_limit(parser, "each outbox", 60)


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    within_s = options.within
    settings = start("drain")
    refuse_as_root("drain", [settings.state_dir, settings.state_dir / "outbox"])
    try:
        publishers = publisher_addresses(settings)
    except SettingsError as error:
        return settings_are_wrong(error)
    folder = (settings.state_dir / "outbox").absolute()
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".db")
    except OSError as error:
        return settings_are_wrong(SettingsError(_cannot_look(folder, error)))
    outcomes = [_drain(path, settings, publishers, within_s) for path in paths]
    total = _sum(outcomes)
    is_empty = not (total.left or total.failed)
    logger.log(
        logging.INFO if is_empty else logging.WARNING,
        "outboxes in %s: %d (in use: %d, with problems: %d); messages: %d delivered, %d left",
        folder,
        len(outcomes),
        total.in_use,
        total.failed,
        total.delivered,
        total.left,
        extra=counts(outboxes=len(outcomes), **total._asdict()),
    )
    return exit_codes.OK if is_empty else exit_codes.FAILURE


def _cannot_look(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return (
            f"there is no folder {folder}: no reader has run with this STATE_DIR. Run this command"
            " in the folder of the installation, or set STATE_DIR"
        )
    return f"cannot look for outboxes in {folder}: {error.strerror}"


def _sum(outcomes: Sequence[_Outcome]) -> _Outcome:
    return _Outcome(*map(sum, zip(*outcomes, strict=True))) if outcomes else _Outcome()


def _drain(
    path: Path, settings: Settings, publishers: Sequence[PublisherAddress], within_s: float
) -> _Outcome:
    """Empty the outbox at *path*."""
    # The second attempt is for an outbox that turns out to be damaged: to open it again mends it.
    for _ in range(2):
        try:
            return _empty(path, settings, publishers, within_s)
        except OutboxInUseError as error:
            logger.info("%s; if that is its reader, it sends what is in the outbox", error)
            return _Outcome(in_use=1)
        except OutboxDamagedError as error:
            logger.error("%s", error)
        except OutboxError as error:
            logger.error("%s", error)
            break
    return _Outcome(failed=1)


def _empty(
    path: Path, settings: Settings, publishers: Sequence[PublisherAddress], within_s: float
) -> _Outcome:
    channel = path.stem
    outbox = Outbox(path, channel, settings.outbox_max_bytes)
    try:
        waiting = outbox.waiting
        given_up = asyncio.run(send_all(outbox, publishers, within_s))
        left = outbox.waiting
        delivered = waiting - left - given_up
        logger.info(
            "%s: %d messages delivered, %d left",
            channel,
            delivered,
            left,
            extra=counts(delivered=delivered, left=left),
        )
        return _Outcome(delivered, left, failed=int(_has_untold_loss(channel, outbox)))
    finally:
        outbox.close()


def _has_untold_loss(channel: str, outbox: Outbox) -> bool:
    """Return whether something was lost and has no gap record, as only Twitch has the id."""
    absence = outbox.absence()
    if absence is None or absence.reason is not GapReason.DAMAGED:
        return False
    if channel == OPT_OUT_OUTBOX:
        # Nothing will ever cover it, and it was said when it happened.
        return False
    logger.warning(
        "%s: messages may be lost, because the outbox was damaged. The gap record for them is added"
        " when the channel is read again",
        channel,
    )
    return True


if __name__ == "__main__":
    sys.exit(main_of("python -m readers.drain", add_arguments, run))
