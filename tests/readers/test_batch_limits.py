"""Batches of hostile lines: no publisher refuses them, whatever Twitch sends."""

from __future__ import annotations

import pytest

from common.frames import MAX_FRAME_BYTES, Batch, encode_frame
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import line_parser
from readers.parsing.line_splitter import MAX_LINE_BYTES
from readers.parsing.received import Received
from readers.record_builder import BYTES_PER_BATCH, RecordBuilder
from readers.twitch.connection import CHUNK_BYTES

#: What is another number in each line, so that none is a duplicate.
_SENT_MS = "1700000000123"

_TAGS = f"room-id=1;user-id=5;login=ann;tmi-sent-ts={_SENT_MS}"

#: A read can have as many of the longest lines. The first may have come in part with the last read.
_LINES_OF_A_READ = (MAX_LINE_BYTES + CHUNK_BYTES) // MAX_LINE_BYTES

#: In JSON, it takes six bytes.
_CONTROL = "\x01"

#: Bytes for what else is in a line.
_ROOM = MAX_LINE_BYTES - 300


def _repeated(item: str) -> str:
    return item * (_ROOM // len(item.encode()))


def _emotes() -> tuple[str, str]:
    """Return a tag with as many ranges of an emote with a long id as fit, and their text."""
    tag, count = f"emotes={_CONTROL * 100}:", 0
    while len(tag) + count < _ROOM - 12:
        tag += f"{count}-{count},"
        count += 1
    return tag.removesuffix(","), _CONTROL * count


def _hostile_lines() -> dict[str, str]:
    tag, text = _emotes()
    half = len(_repeated("x")) // 2
    a_set = f"badges={_CONTROL * 3}/{',' + _CONTROL * 3}"
    params = "".join(f"msg-param-{_CONTROL * 2}{number}=;" for number in range(_ROOM // 14))
    infos = f"badge-info=a/{_CONTROL * half};badges={'a/,' * (half // 3)}"
    of_source = f"source-room-id=2;source-{infos.replace(';', ';source-')}"
    return {
        "emotes": f"@{_TAGS};{tag} :ann!a@a PRIVMSG #x :{text}",
        "emotes of a notice": f"@{_TAGS};msg-id=announcement;{tag} :t USERNOTICE #x :{text}",
        "badges": f"@{_TAGS};{_repeated(a_set)[:_ROOM]} :ann!a@a PRIVMSG #x :hi",
        "an info of many badges": f"@{_TAGS};{infos} :ann!a@a PRIVMSG #x :hi",
        "infos in a shared chat": f"@{_TAGS};{of_source} :ann!a@a PRIVMSG #x :hi",
        "text": f"@{_TAGS} :ann!a@a PRIVMSG #x :{_CONTROL * _ROOM}",
        "parameters": f"@{_TAGS};msg-id=odd;{params[:_ROOM]} :t.tv USERNOTICE #x",
        "target": f"@{_TAGS} :t.tv CLEARCHAT #x :{_CONTROL * _ROOM}",
        "deleted id": f"@{_TAGS};target-msg-id={_SENT_MS}{_CONTROL * _ROOM} :t CLEARMSG #x :hi",
    }


_HOSTILE = _hostile_lines()


@pytest.mark.parametrize("what", _HOSTILE)
def test_hostile_lines_become_batches_that_publishers_accept(what: str) -> None:
    """As many as come in one read. Nothing is left out, and a record alone is small enough."""
    fast, parse = line_parser(extended=True)
    received: list[Received] = []
    for number in range(_LINES_OF_A_READ):
        line = _HOSTILE[what].replace(_SENT_MS, str(int(_SENT_MS) + number)).encode()
        assert _ROOM * 0.9 < len(line) <= MAX_LINE_BYTES
        irc = parse_irc(line)
        assert irc
        received += [usual] if (usual := fast(line)) else parse(irc, "1", int(_SENT_MS))
    batches = list[Batch]()
    RecordBuilder(batches.append).take(received)

    assert sum(len(batch.records) for batch in batches) == len(received) > 0
    for batch in batches:
        assert len(encode_frame(batch)) <= MAX_FRAME_BYTES
        assert len(batch.records) == 1 or len(encode_frame(batch)) <= BYTES_PER_BATCH
