"""The settings in a command's `--help` are those that its code uses."""

from __future__ import annotations

import importlib
import re
from argparse import ArgumentParser

import pytest

from common.arguments import Formatter
from common.setting_table import KAFKA_CONF_PREFIX, KAFKA_CONF_USERS, variables
from common.settings_help import settings_help
from tests.setting_uses import settings_used_by
from twitch_ingestion.commands import COMMANDS

#: Commands that stand for the others: one checks the settings of all, one starts them all.
_WHOLE = {"check", "demo"}

_MODULES = {command.name: command.module for command in COMMANDS if command.name not in _WHOLE}

_ALL = {f"{KAFKA_CONF_PREFIX}*", *(variable.metadata["name"] for variable in variables())}


def _shown(text: str) -> set[str]:
    return _ALL & set(re.findall(r"^  ([A-Z_]+\*?) ", text, re.MULTILINE))


@pytest.mark.parametrize("command", _MODULES)
def test_help_shows_what_the_code_of_the_command_uses(command: str) -> None:
    """No more and no less, so that nobody has to find out which of the settings matter."""
    module = _MODULES[command]
    used = settings_used_by(module)
    expected = {variable.metadata["name"] for variable in variables() if variable.name in used}
    if "kafka_properties" in used:
        expected.add(f"{KAFKA_CONF_PREFIX}*")

    parser = ArgumentParser(command, formatter_class=Formatter)
    importlib.import_module(module).add_arguments(parser)
    assert _shown(parser.format_help()) == expected


def test_help_without_a_command_shows_every_setting_with_its_default() -> None:
    """For the command that checks all of them."""
    text = settings_help()
    assert _shown(text) == _ALL
    assert "[localhost:9092]" in text


def test_the_users_of_settings_are_commands() -> None:
    """A misspelt one would hide the setting."""
    users = {variable.metadata["users"] for variable in variables()} | {KAFKA_CONF_USERS}
    names = {name for each in users for name in each.split()}
    assert names <= _MODULES.keys()
