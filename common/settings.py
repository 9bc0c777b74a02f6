"""
Settings, from environment variables and the `.env` file of the working directory. Environment
variables take precedence. Empty ones count as not set, except where that has a meaning of its own.
All are checked before anything starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from common.setting_names import properties, unknown_in_environment, unknown_in_file
from common.setting_table import (
    EMBEDDED,
    EXACTLY_ONCE,
    EXTENDED,
    KAFKA_CONF_PREFIX,
    Settings,
    variables,
)
from common.settings_file import SettingsFile, SettingsFileError, read_settings_file

__all__ = [
    "EMBEDDED",
    "EXACTLY_ONCE",
    "EXTENDED",
    "KAFKA_CONF_PREFIX",
    "Settings",
    "SettingsError",
    "read_environment",
    "read_settings",
    "settings_file",
]

_NO_FILE = SettingsFile()
_SHOWN = 200  # characters of a wrong value, in an error
_USER = re.compile(r"[^\s,;/]*@")  # in an address: may include a password


class SettingsError(Exception):
    """Raised when settings are wrong. The text has one line per wrong setting."""


def settings_file(directory: Path = Path()) -> SettingsFile:
    """Return what the `.env` file in *directory* sets. Raises SettingsError."""
    try:
        file = read_settings_file(directory / ".env", _parser_of)
    except SettingsFileError as error:
        raise SettingsError(str(error)) from None
    return replace(file, values=_filled(file.values))


def read_environment(environment: Mapping[str, str], directory: Path = Path()) -> dict[str, str]:
    """
    Return *environment*, plus variables that only the `.env` file in *directory* sets.

    Empty variables are not in the result, unless that differs from not set. Raises SettingsError.
    """
    return _merged(environment, settings_file(directory))


def read_settings(environment: Mapping[str, str], file: SettingsFile = _NO_FILE) -> Settings:
    """
    Return the settings in *environment* and in *file*, with defaults for the rest.

    Raises SettingsError with one line per invalid variable.
    """
    merged = _merged(environment, file)
    read: dict[str, Any] = {}
    errors = []
    for variable in variables():
        about = variable.metadata
        value = merged.get(about["name"], about["default"]).strip()
        try:
            read[variable.name] = about["read"](value)
        except ValueError as error:
            holds = "a secret" if about["secret"] else repr(_USER.sub("***@", value)[:_SHOWN])
            errors.append(f"{about['name']} holds {holds}, but should hold {error}")
    if errors:
        raise SettingsError("\n".join(errors))
    warnings = (
        *file.warnings,
        *unknown_in_file(file.places, _PARSERS),
        *unknown_in_environment(environment, _PARSERS),
        *_missing_prefix(merged),
    )
    read["kafka_properties"] = properties(merged, KAFKA_CONF_PREFIX)
    return Settings(**read, warnings=warnings)


_PARSERS: dict[str, Callable[[str], Any]] = {
    variable.metadata["name"]: variable.metadata["read"] for variable in variables()
}


_EMPTY_COUNTS = {
    variable.metadata["name"] for variable in variables() if variable.metadata["empty_counts"]
}


def _parser_of(name: str) -> Callable[[str], Any] | None:
    return str if name.startswith(KAFKA_CONF_PREFIX) else _PARSERS.get(name)


def _merged(environment: Mapping[str, str], file: SettingsFile) -> dict[str, str]:
    return {**file.values, **_filled(environment)}


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    """Return those of *values* that count as set."""
    return {name: value for name, value in values.items() if value.strip() or name in _EMPTY_COUNTS}


def _missing_prefix(environment: Mapping[str, str]) -> tuple[str, ...]:
    token = environment.get("TWITCH_OAUTH_TOKEN", "").strip()
    if not token or token.startswith("oauth:"):
        return ()
    return ('TWITCH_OAUTH_TOKEN should start with "oauth:"; the token is used anyway',)
