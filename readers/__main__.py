"""`python -m readers CHANNEL`: read one channel until stopped."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from common import exit_codes
from common.arguments import main_of, with_reason
from common.settings import SettingsError
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from readers.outbox.errors import OutboxError, OutboxPlaceError
from readers.reader import read_channel
from readers.supervision.channel_names import channel_name

logger = logging.getLogger("readers")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = "Read the chat of one Twitch channel, and send it to the publisher."
    parser.epilog = settings_help("reader")
    channel = parser.add_argument(
        "channel",
        type=with_reason(channel_name),
        help="login name of the channel, with or without #",
    )
    # argcomplete asks it for what the shell offers.
    channel.completer = _wanted  # type: ignore[attr-defined]


def run(options: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    return read(options.channel)


def read(channel: str) -> int:
    """Read *channel* until stopped, and return the exit status."""
    # asyncio handles it once the reader runs. A reader that is stopped before has nothing to send.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(exit_codes.OK))
    settings = start("reader", channel)
    try:
        asyncio.run(read_channel(channel, settings))
    except SettingsError as error:
        return settings_are_wrong(error)
    except OutboxPlaceError as error:
        # As with a wrong setting, a restart does not help.
        return settings_are_wrong(SettingsError(str(error)))
    except OutboxError as error:
        logger.error("%s", error)
        return exit_codes.FAILURE
    except Exception:
        # Log it in the configured format.
        logger.exception("stopped by an unexpected error")
        return exit_codes.FAILURE
    return exit_codes.OK


def _wanted(**_: object) -> tuple[str, ...]:
    # A reader does not need this module.
    from readers.wanted_channels import wanted_channels  # noqa: PLC0415

    return wanted_channels(Path(), os.environ).channels


if __name__ == "__main__":
    sys.exit(main_of("python -m readers", add_arguments, run))
