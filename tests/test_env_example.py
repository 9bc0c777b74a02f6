"""Keeps .env.example true: every setting there is, none that is not, and the defaults."""

from __future__ import annotations

import re
from dataclasses import fields

from common.settings import KAFKA_CONF_PREFIX, Settings
from tests.processes import REPOSITORY

_SETTING = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)


def test_every_setting_is_in_the_example_with_its_default() -> None:
    """Expect the names and defaults that the settings have, and no others."""
    text = (REPOSITORY / ".env.example").read_text()
    shown = {name: value for name, value in _SETTING.findall(text) if not _is_kafkas_own(name)}
    described = [variable.metadata for variable in fields(Settings) if variable.metadata]
    assert shown == {about["name"]: about["default"] for about in described}


def _is_kafkas_own(name: str) -> bool:
    return name.startswith(KAFKA_CONF_PREFIX)
