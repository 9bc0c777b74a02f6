"""The settings of the code, docs/settings.md and the examples are the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from common.setting_table import KAFKA_CONF_USERS, variables
from common.setting_values import WholeNumber
from common.settings import KAFKA_CONF_PREFIX, Settings
from tests.docs.markdown import name_of
from tests.processes import REPOSITORY

_LINE = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)
_ROW = re.compile(r"^\| `([A-Z_*]+)` \|(?: `([^`]*)`)? \| ?([^|]*?) ?\| (.+) \|$", re.MULTILINE)

_IN_THE_CODE = {
    variable.metadata["name"]: variable.metadata["default"]
    for variable in fields(Settings)
    if variable.metadata
}

#: The examples of hosts and platforms, which name only what differs there.
_PARTIAL_EXAMPLES = [
    *sorted((REPOSITORY / "deploy").glob("*/.env.example")),
    REPOSITORY / "deploy" / "kubernetes" / "settings.env",
]


def test_the_page_has_every_setting_with_its_default() -> None:
    """Expect a row in docs/settings.md for each setting of the code, and no others."""
    rows = _ROW.findall((REPOSITORY / "docs" / "settings.md").read_text())
    described = {name: default for name, default, _, meaning in rows if meaning.strip()}
    assert described == {**_IN_THE_CODE, f"{KAFKA_CONF_PREFIX}*": ""}
    assert len(rows) == len(described)


def test_the_page_names_the_commands_that_use_a_setting() -> None:
    """As in the table of the code, from which `--help` is made."""
    rows = _ROW.findall((REPOSITORY / "docs" / "settings.md").read_text())
    named = {name: users for name, _, users, _ in rows}
    in_the_code = {
        variable.metadata["name"]: variable.metadata["users"] for variable in variables()
    } | {f"{KAFKA_CONF_PREFIX}*": KAFKA_CONF_USERS}
    assert named == {name: ", ".join(users.split()) for name, users in in_the_code.items()}


def test_the_page_has_the_range_of_every_number() -> None:
    """Expect `minimum` to `maximum` in the row of each."""
    rows = _ROW.findall((REPOSITORY / "docs" / "settings.md").read_text())
    described = {name: meaning for name, _, _, meaning in rows}
    for variable in fields(Settings):
        number = variable.metadata.get("read")
        if isinstance(number, WholeNumber):
            expected = f"`{number.minimum}` to `{number.maximum}`"
            assert expected in described[variable.metadata["name"]], variable.name


def test_the_example_has_every_setting_with_its_default() -> None:
    """Expect the names and defaults of the code in .env.example, and no others, all in comments."""
    example = REPOSITORY / ".env.example"
    assert _settings_in(example) == _IN_THE_CODE
    assert [line for line in example.read_text().splitlines() if line[:1] not in ("", "#")] == []


@pytest.mark.parametrize("example", _PARTIAL_EXAMPLES, ids=name_of)
def test_other_examples_name_no_unknown_setting(example: Path) -> None:
    """Expect only names that the code knows."""
    assert set(_settings_in(example)) <= set(_IN_THE_CODE)


def _settings_in(example: Path) -> dict[str, str]:
    """Return what *example* sets, or shows in a comment, except librdkafka's properties."""
    found = _LINE.findall(example.read_text())
    return {name: value for name, value in found if not name.startswith(KAFKA_CONF_PREFIX)}
