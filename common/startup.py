"""First step of each process: read the settings, or log what is wrong with them, and exit."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from common import exit_codes
from common.logs import configure_logging
from common.setting_values import log_format
from common.settings import (
    Settings,
    SettingsError,
    read_environment,
    read_settings,
    settings_file,
)

logger = logging.getLogger(__name__)


def start(process: str, channel: str = "") -> Settings:
    """
    Read the settings and configure logging for *process* and *channel*; return the settings.

    If a setting is wrong, logs which, and exits with exit_codes.SETTINGS.
    """
    try:
        settings = read_settings(os.environ, settings_file())
    except SettingsError as error:
        configure_logging(process, level="info", log_format=log_format_in(Path()), channel=channel)
        raise SystemExit(settings_are_wrong(error)) from None
    configure_logging(
        process, level=settings.log_level, log_format=settings.log_format, channel=channel
    )
    for warning in settings.warnings:
        logger.warning("%s", warning)
    return settings


def log_format_in(directory: Path) -> str:
    """Return LOG_FORMAT for programs in *directory*, whatever else is wrong; `text` if it is."""
    try:
        return log_format(read_environment(os.environ, directory).get("LOG_FORMAT", "text"))
    except (SettingsError, ValueError):
        return "text"


def settings_are_wrong(error: SettingsError) -> int:
    """Log *error*; return the exit code on which supervisord does not restart the program."""
    for line in str(error).splitlines():
        logger.error("%s", line)
    return exit_codes.SETTINGS
