"""Reads the settings as far as possible, so that one that is wrong hides no other problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from common.exposed_secrets import exposed_secrets
from common.setting_table import variables
from common.settings import Settings, SettingsError, read_settings, settings_file
from twitch_ingestion.check.findings import Finding, ok, warning, wrong


@dataclass(frozen=True)
class ReadSettings:
    """The settings: those that are wrong have their defaults here."""

    #: None if they cannot be read at all.
    settings: Settings | None
    #: A text for each that is wrong.
    errors: tuple[str, ...] = ()
    #: The names of those that are wrong.
    wrong_names: frozenset[str] = frozenset()
    #: Where they come from.
    source: str = ""
    #: A warning about secrets that others can read; empty if there are none.
    exposed_secrets: str = ""


def settings_of(environment: Mapping[str, str]) -> ReadSettings:
    """Return the settings in *environment* and in `.env` of the working directory."""
    try:
        file = settings_file()
    except SettingsError as error:
        return ReadSettings(None, tuple(str(error).splitlines()))
    path = Path(".env").absolute()
    source = f"{len(file.values)} in {path}" if path.exists() else f"no {path}"
    source += f", {sum(_is_setting(name) for name in environment)} in the environment"
    exposed = exposed_secrets(file)
    try:
        return ReadSettings(
            read_settings(environment, file), source=source, exposed_secrets=exposed
        )
    except SettingsError as error:
        errors = tuple(str(error).splitlines())
    names = frozenset(line.split()[0] for line in errors) & _NAMES
    try:
        settings = read_settings(
            _without(environment, names), replace(file, values=_without(file.values, names))
        )
    except SettingsError:
        return ReadSettings(None, errors)
    return ReadSettings(settings, errors, names, source, exposed)


def check_settings(found: ReadSettings) -> Iterator[Finding]:
    """Yield what is found about the settings."""
    for error in found.errors:
        yield wrong(error)
    if found.settings is not None:
        for text in found.settings.warnings:
            yield warning(text)
        if found.exposed_secrets:
            yield warning(found.exposed_secrets)
    if not found.errors:
        yield ok(found.source)


_NAMES = frozenset(variable.metadata["name"] for variable in variables())


def _is_setting(name: str) -> bool:
    return name in _NAMES or name.startswith("KAFKA_CONF_")


def _without(values: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}
