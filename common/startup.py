"""What each of our processes does first: read its settings, and set up its log."""

from __future__ import annotations

import logging
import os
import sys

from common import exit_codes
from common.logs import configure_logging
from common.settings import Settings, SettingsError, read_environment, read_settings

logger = logging.getLogger(__name__)


def start(process: str, channel: str = "") -> Settings:
    """
    Return the settings of the process named *process*, whose log is set up when this returns.

    Ends the process with exit_codes.SETTINGS when a setting is wrong, and says which on stderr.
    """
    try:
        settings = read_settings(read_environment(os.environ))
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"{process}: {line}", file=sys.stderr)  # noqa: T201 - there is no log yet
        raise SystemExit(exit_codes.SETTINGS) from None
    configure_logging(
        process, level=settings.log_level, log_format=settings.log_format, channel=channel
    )
    for warning in settings.warnings:
        logger.warning("%s", warning)
    return settings
