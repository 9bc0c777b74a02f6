"""What each of our processes does first: read its settings, or say what is wrong with them."""

from __future__ import annotations

import logging
import os
import time

from common import exit_codes
from common.logs import configure_logging
from common.settings import Settings, SettingsError, read_environment, read_settings

#: Seconds that supervisord gives a program to start (`startsecs`). What ends within them is started
#: again, whatever its exit status.
_STARTSECS = 3.0

logger = logging.getLogger(__name__)


def start(process: str, channel: str = "") -> Settings:
    """
    Return the settings of the process named *process*, whose log is set up when this returns.

    Ends the process with exit_codes.SETTINGS when a setting is wrong, and says which.
    """
    try:
        settings = read_settings(read_environment(os.environ))
    except SettingsError as error:
        configure_logging(process, level="info", log_format="text", channel=channel)
        raise SystemExit(settings_are_wrong(error)) from None
    configure_logging(
        process, level=settings.log_level, log_format=settings.log_format, channel=channel
    )
    for warning in settings.warnings:
        logger.warning("%s", warning)
    return settings


def settings_are_wrong(error: SettingsError) -> int:
    """Say what is wrong, and return the exit status that tells supervisord not to try again."""
    for line in str(error).splitlines():
        logger.error("%s", line)
    if "SUPERVISOR_ENABLED" in os.environ:
        time.sleep(_STARTSECS + 0.1)
    return exit_codes.SETTINGS
