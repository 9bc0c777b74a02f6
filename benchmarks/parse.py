"""
Compares this service's parser with others on the same recorded lines.

`python -m benchmarks.parse [--lines N] [--rounds N]`. Each parser gets the bytes of one line at a
time. The column `to` shows what it returns: the parts of the line with all tags, with the tags that
a ChatMessage needs, the JSON for Kafka, or the JSON with KAFKA_MESSAGE_FIELDS=extended. The parsers
take turns, and the median is reported.

The lines are the demo's recorded chat. With CHAT_CORPORA=DIR they are the chat lines of the
recordings in that folder (see tests/recordings/README.md).
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import mean, median

from pydle.features.ircv3.tags import TaggedMessage

from benchmarks.installation import CHANNEL
from benchmarks.load import demo_chat, numbered
from benchmarks.node_scripts import node_script
from benchmarks.report import report
from benchmarks.rust_programs import rust_program
from common.chat_message import encode_chat_message
from readers.parsing.chat_parser import received_message
from readers.parsing.extended_fast_path import extended_fast_path
from readers.parsing.extended_parser import extended_received_message
from readers.parsing.fast_path import fast_path
from readers.parsing.irc import parse_irc
from tests.corpora import NoRecordingsError, other_recordings, recorded_lines
from tests.toolchains import NoToolchainError

TAGS = "tags"
NEEDED_TAGS = "needed tags"
JSON = "JSON"
EXTENDED_JSON = "JSON, extended"
#: The parser that the ratios refer to.
REFERENCE = "pydle"

_NEEDED = ("id", "room-id", "user-id", "tmi-sent-ts", "emotes")
# tmi.js raises an error at anything else.
_READABLE_EMOTES = re.compile(r"(?:[^:/]+:\d+-\d+(?:,\d+-\d+)*(?:/(?!$)|$))*")
_WITHIN_S = 120


@dataclass(frozen=True)
class Contestant:
    """A parser. `measure` gets a file of lines and returns the ns per line."""

    name: str
    language: str
    to: str
    measure: Callable[[Path], float]


def _to_json(line: bytes) -> bytes:
    received = fast_path(line)
    if received is None and (irc := parse_irc(line)):
        received = received_message(irc, room_id="", now_ms=0)
    return encode_chat_message(received.message) if received else b""


def _to_extended_json(line: bytes) -> bytes:
    received = extended_fast_path(line)
    if received is None and (irc := parse_irc(line)):
        received = extended_received_message(irc, room_id="", now_ms=0)
    return encode_chat_message(received.message) if received else b""


def _to_tags(line: bytes) -> object:
    irc = parse_irc(line)
    return irc and irc.tags


def _to_needed_tags(line: bytes) -> object:
    irc = parse_irc(line)
    return irc and [irc.tag(name) for name in _NEEDED]


def _installed(module: str, function: str) -> Callable[[bytes], object]:
    """Return a text parser from a *module* of the extra `bench`, imported at the first call."""

    def parse(line: bytes) -> object:
        return getattr(import_module(module), function)(line.decode("utf-8", "replace"))

    return parse


def _python(name: str, to: str, parse: Callable[[bytes], object]) -> Contestant:
    def measure(file: Path) -> float:
        lines = file.read_bytes().split(b"\r\n")[:-1]
        started = time.perf_counter_ns()
        for line in lines:
            if not parse(line):
                raise ValueError(f"{name} did not parse {line!r}")
        return (time.perf_counter_ns() - started) / len(lines)

    return Contestant(name, "Python", to, measure)


def _node(name: str, to: str) -> Contestant:
    def measure(file: Path) -> float:
        return _printed_by(node_script("parse.mjs", name, to, str(file)))

    return Contestant(name, "Node", to, measure)


def _rust(name: str, to: str) -> Contestant:
    def measure(file: Path) -> float:
        return _printed_by(rust_program("parse", name, str(file)))

    return Contestant(name, "Rust", to, measure)


def _printed_by(command: Sequence[str]) -> float:
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=_WITHIN_S).stdout
    return float(printed)


CONTESTANTS = [
    _python("this service", JSON, _to_json),
    _python("this service", EXTENDED_JSON, _to_extended_json),
    _python("this service", NEEDED_TAGS, _to_needed_tags),
    _python("this service", TAGS, _to_tags),
    _python(REFERENCE, TAGS, TaggedMessage.parse),
    _python("irctokens", TAGS, _installed("irctokens", "tokenise")),
    _python("miniirc", TAGS, _installed("miniirc", "ircv3_message_parser")),
    _node("tmi.js", JSON),
    _node("tmi.js", TAGS),
    _node("@tmi.js/irc-parser", TAGS),
    _node("ircv3", TAGS),
    _rust("tmi-rs", TAGS),
    _rust("twitch-irc-rs", TAGS),
]


def recorded_chat() -> tuple[list[bytes], str]:
    """
    Return recorded chat lines without line ends, and where they come from.

    Raises NoRecordingsError if CHAT_CORPORA is not a folder with recorded chat.
    """
    if not (others := other_recordings()):
        return demo_chat(), "the demo"
    lines = [line for recording in others for line in recorded_lines(recording) if _is_chat(line)]
    if not lines:
        raise NoRecordingsError(f"the recordings in {others[0].parent} contain no chat lines")
    return lines, str(others[0].parent)


def _is_chat(line: bytes) -> bool:
    """Return whether the line is a message to a channel that every parser can read."""
    irc = parse_irc(line)
    return (
        irc is not None
        and b" PRIVMSG #" in line
        and irc.tags.keys() >= set(_NEEDED)
        and _READABLE_EMOTES.fullmatch(irc.tag("emotes")) is not None
    )


def measure(
    lines: Sequence[bytes], rounds: int, contestants: Sequence[Contestant] = CONTESTANTS
) -> list[dict[str, object]]:
    """Return one row for each installed parser, measured with *lines*, which have CRLFs."""
    times: dict[Contestant, list[float]] = {contestant: [] for contestant in contestants}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines"
        file.write_bytes(b"".join(lines))
        for _ in range(rounds):
            for contestant in list(times):
                try:
                    times[contestant].append(contestant.measure(file))
                except (ImportError, NoToolchainError) as error:
                    del times[contestant]
                    print(f"skipping {contestant.name}: {error}", file=sys.stderr)
    medians = {contestant: median(spent) for contestant, spent in times.items()}
    reference = next(ns for contestant, ns in medians.items() if contestant.name == REFERENCE)
    return [
        {
            "parser": contestant.name,
            "language": contestant.language,
            "to": contestant.to,
            "messages/s": round(1e9 / ns),
            "ns/message": round(ns),
            f"times {REFERENCE}": round(reference / ns, 1),
        }
        for contestant, ns in medians.items()
    ]


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    try:
        recorded, source = recorded_chat()
    except NoRecordingsError as error:
        parser.error(str(error))
    print(f"{len(recorded):,} chat lines recorded in {source}, repeated to {options.lines:,}")
    for to, parse in ((JSON, _to_json), (EXTENDED_JSON, _to_extended_json)):
        print(f"{to}: {mean(len(parse(line)) for line in recorded):,.0f} bytes per message")
    report("parse", measure(numbered(recorded, CHANNEL, options.lines), options.rounds))


if __name__ == "__main__":
    main()
