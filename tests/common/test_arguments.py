"""Numbers on command lines."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from common.arguments import real_number, whole_number
from tests.processes import python_module, run_to_end


def test_numbers_within_the_range_are_parsed() -> None:
    """The minimum and the maximum are in it."""
    assert [real_number(0.5, 60)(text) for text in ("0.5", "1e1", "60")] == [0.5, 10, 60]
    assert [whole_number(0, 65535)(text) for text in ("0", "00080", "65535")] == [0, 80, 65535]


@pytest.mark.parametrize("text", ["", "0.4", "61", "-1", "nan", "inf", "1e999", "x", "9" * 5000])
def test_other_texts_are_not_numbers_of_the_range(text: str) -> None:
    """The text says what is expected."""
    with pytest.raises(ArgumentTypeError, match=r"is not a number, 0\.5 to 60$"):
        real_number(0.5, 60)(text)
    with pytest.raises(ArgumentTypeError, match=r"is not a whole number, 1 to 60$"):
        whole_number(1, 60)(text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulator", "--port", "65536"],
        ["simulator", "--rate", "nan"],
        ["readers.drain", "--within", "nan"],
        ["readers.drain", "--within", "-1"],
    ],
    ids=" ".join,
)
def test_a_command_refuses_a_number_beyond_its_range(tmp_path: Path, arguments: list[str]) -> None:
    """In one line after the usage."""
    process = run_to_end(python_module(*arguments), tmp_path, 30)
    assert process.returncode == 2
    assert " number, " in process.stderr.splitlines()[-1]
