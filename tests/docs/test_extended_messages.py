"""What docs/records.md says about extended messages is what their records hold."""

from __future__ import annotations

import re

import msgspec
import pytest

from common.chat_message import ChatMessage, encode_chat_message
from common.extended_message import ExtendedMessage, Reply, decode_extended_message
from readers.parsing.badges import roles
from tests.corpora import OWN_RECORDINGS, recorded_lines
from tests.docs.markdown import code_blocks, code_spans
from tests.processes import REPOSITORY
from tests.readers.chat_lines import extended_message, line

_PAGE = (REPOSITORY / "docs" / "records.md").read_text()
_SECTION = _PAGE.partition("\n## Extended messages\n")[2].partition("\n## ")[0]
_FIELDS, _ROLES, _KINDS, _ = _SECTION.split("\n### ")


def _rows(text: str) -> list[tuple[list[str], list[str]]]:
    """Return the code in the first and in the second cell of each row with code in the first."""
    cells = [row.split("|") for row in text.splitlines() if row.startswith("| ")]
    rows = [(code_spans(row[1]), code_spans(row[2])) for row in cells]
    return [(first, second) for first, second in rows if first]


def test_all_fields_are_there_in_their_order() -> None:
    """Also those of a reply."""
    rows = _rows(_FIELDS)
    six = len(ChatMessage.__struct_fields__)
    assert [names[0] for names, _ in rows] == list(ExtendedMessage.__struct_fields__[six:])
    (reply,) = (second for names, second in rows if names == ["reply"])
    assert tuple(reply) == Reply.__struct_fields__


def test_all_roles_are_there_in_their_order() -> None:
    """A chatter with all badges has them."""
    named = [role for names, _ in _rows(_ROLES) for role in names]
    all_badges = ",".join(f"{'bot-badge' if role == 'bot' else role}/1" for role in named)
    assert named == list(roles({"badges": all_badges}, is_broadcaster=False))


def test_kinds_of_messages_are_those_of_the_parser() -> None:
    """Each is what a message with that `msg-id` gets."""
    for (kind, *_), (msg_id, *_) in _rows(_KINDS)[1:]:
        command = "USERNOTICE" if kind == "announcement" else "PRIVMSG"
        raw = line("hi", {"msg-id": msg_id, "login": "ann"}, command)
        assert extended_message(raw).message_type == kind


@pytest.mark.parametrize("example", re.findall(r"```json\n(.*)\n```", _SECTION))
def test_an_example_is_a_record(example: str) -> None:
    """Written as a reader writes it."""
    assert encode_chat_message(decode_extended_message(example)) == example.encode()


def test_one_example_is_a_recorded_line() -> None:
    """It has a reply, and is of a shared chat."""
    raw = recorded_lines(OWN_RECORDINGS / "chat.txt")[137]
    record = encode_chat_message(extended_message(raw)).decode()
    assert msgspec.json.decode(record)["reply"]
    assert any(record in block for block in code_blocks(_SECTION))
