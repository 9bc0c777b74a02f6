"""What docs/records.md says about events is what their records hold."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from common.chat_event import UNKNOWN, ChatEvent, decode_chat_event, encode_chat_event
from common.opt_out import decode_opt_out, encode_opt_out
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import line_parser
from readers.parsing.received import ReceivedEvent
from tests.corpora import own_recordings, recorded_lines
from tests.docs.markdown import code_blocks, code_spans
from tests.processes import REPOSITORY
from tests.readers.chat_lines import NOW_MS, ROOM_ID

_PAGE = (REPOSITORY / "docs" / "records.md").read_text()
_EVENTS = _PAGE.partition("\n## Events\n")[2].partition("\n## ")[0]
_ENVELOPE, _TYPES = _EVENTS.split("\n### ")[:2]


def _structs_in(kind: object) -> list[type[msgspec.Struct]]:
    return [
        part
        for part in getattr(kind, "__args__", ())
        if isinstance(part, type) and issubclass(part, msgspec.Struct)
    ]


def _names(struct: type[msgspec.Struct]) -> list[str]:
    """Return the names of the fields, each followed by those of the struct in it."""
    names = []
    for field in msgspec.structs.fields(struct):
        names += [field.name, *(name for kind in _structs_in(field.type) for name in _names(kind))]
    return names


#: The structs of the fields that have one, by name.
_PAYLOADS = {
    field.name: kinds[0]
    for field in msgspec.structs.fields(ChatEvent)
    if type(None) in getattr(field.type, "__args__", ()) and (kinds := _structs_in(field.type))
}


def _rows(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the code in the first and in the second cell of each row of a table."""
    for line in text.splitlines():
        if line.startswith("| ") and (first := code_spans(line.split("|")[1])):
            yield first, code_spans(line.split("|")[2])


def _examples(fence: str = "```json") -> list[bytes]:
    blocks = [block for block in code_blocks(_EVENTS) if block.startswith(fence)]
    return [block.removeprefix(fence).strip("`\n").encode() for block in blocks]


def test_the_envelope_has_all_fields_in_their_order() -> None:
    """The type's own key stands for all of them."""
    described = [name for names, _ in _rows(_ENVELOPE) for name in names]
    fields = [
        name for name in ChatEvent.__struct_fields__ if name not in _PAYLOADS.keys() - {"goal"}
    ]
    assert described == fields
    (goal,) = (keys for names, keys in _rows(_ENVELOPE) if names == ["goal"])
    assert goal == _names(_PAYLOADS["goal"])


def test_every_type_has_all_its_keys() -> None:
    """In their order."""
    described = {names[0]: keys for names, keys in _rows(_TYPES)}
    assert described.pop(UNKNOWN) == ["msg_id", "params"]
    assert described == {
        name: _names(struct) for name, struct in _PAYLOADS.items() if name != "goal"
    }


@pytest.mark.parametrize("example", _examples())
def test_examples_are_real(example: bytes) -> None:
    """Each is what a recorded line becomes, or, of who has opted out, what the command sends."""
    if b'"opt_out"' in example:
        assert encode_opt_out(decode_opt_out(example)) == example
        return
    event = decode_chat_event(example)
    assert encode_chat_event(event) == example
    # Settings are told by what a reader knows of earlier ones, not by one line.
    assert event.chat_settings_update or example in _recorded_events()


def _recorded_events() -> set[bytes]:
    parse = line_parser().parse
    messages = [parse_irc(line) for file in own_recordings() for line in recorded_lines(file)]
    return {
        encode_chat_event(received.event)
        for irc in messages
        if irc
        for received in parse(irc, ROOM_ID, NOW_MS)
        if isinstance(received, ReceivedEvent)
    }
