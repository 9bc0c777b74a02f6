"""What README.md and docs/records.md say about messages and gaps is what their records hold."""

from __future__ import annotations

import re

import pytest

from common.chat_gap import GapReason, decode_chat_gap, encode_chat_gap
from common.chat_message import ChatMessage, decode_chat_message, encode_chat_message
from tests.docs.markdown import code_spans
from tests.processes import REPOSITORY


def _section(page: str, heading: str) -> str:
    text = (REPOSITORY / page).read_text()
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _example(section: str) -> bytes:
    (example,) = re.findall(r"```json\n(.*)\n```", section)
    return str(example).encode()


def _first_cells(section: str) -> list[str]:
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [name for row in rows for name in code_spans(row.split("|")[1])]


@pytest.mark.parametrize(
    ("page", "heading"), [("README.md", "The record"), ("docs/records.md", "Messages")]
)
def test_all_fields_are_there_in_their_order(page: str, heading: str) -> None:
    """And the example is a record, written as a reader writes it."""
    section = _section(page, heading)
    assert _first_cells(section) == list(ChatMessage.__struct_fields__)
    example = _example(section)
    assert encode_chat_message(decode_chat_message(example)) == example


def test_all_reasons_of_gaps_are_there() -> None:
    """And the example is a gap record."""
    section = _section("docs/records.md", "Gaps")
    assert sorted(_first_cells(section)) == sorted(reason.value for reason in GapReason)
    example = _example(section)
    assert encode_chat_gap(decode_chat_gap(example)) == example
