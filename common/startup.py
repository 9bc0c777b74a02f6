"""First step of each process: read the settings, or log what is wrong with them, and exit."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
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
from common.settings_file import SettingsFile

logger = logging.getLogger(__name__)


def start(
    process: str, channel: str = "", *, look_at: Callable[[SettingsFile], str] | None = None
) -> Settings:
    """
    Read the settings and configure logging for *process* and *channel*; return the settings.

    If a setting is wrong, logs which, and exits with exit_codes.SETTINGS. *look_at* returns a
    further warning about the `.env` file, or "".
    """
    try:
        file = settings_file()
        settings = read_settings(os.environ, file)
    except SettingsError as error:
        configure_logging(process, level="info", log_format=log_format_in(Path()), channel=channel)
        raise SystemExit(settings_are_wrong(error)) from None
    configure_logging(
        process, level=settings.log_level, log_format=settings.log_format, channel=channel
    )
    for warning in (*settings.warnings, look_at(file) if look_at else ""):
        if warning:
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
