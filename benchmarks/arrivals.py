"""Which messages have arrived in Kafka, and when, as a consumer in a process of its own sees it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from benchmarks.installation import TOPIC
from benchmarks.kafka import GAPS
from common.chat_gap import ChatGap, decode_chat_gap
from tests.processes import Process, StartProcess, python_module, wait_for_line

_MESSAGES = TOPIC.encode()

_START_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.1

#: A message: its channel, and which of the channel's messages it is, counted from 1.
Key = tuple[str, int]


class _Message(msgspec.Struct):
    channel_id: str
    message: str


_decode_message = msgspec.json.Decoder(_Message).decode


class Arrivals:
    """What the consumer of benchmarks.consumer has received."""

    def __init__(self, consumer: Process, file: Path, channels: Mapping[str, str]) -> None:
        """Read the *file* of the running *consumer*. *channels* are names by Twitch's ids."""
        self._consumer = consumer
        self._file = file
        self._position = 0
        self._channels = channels
        #: When each message arrived (time.monotonic); one that arrived twice has two times.
        self.times: defaultdict[Key, list[float]] = defaultdict(list)
        #: When the first message of each channel arrived.
        self.first: dict[str, float] = {}
        self.gaps: list[ChatGap] = []

    @property
    def pid(self) -> int:
        """The consumer's process id."""
        return self._consumer.pid

    def look(self) -> int:
        """
        Take in what is new in the file; return how many records that are.

        Raises RuntimeError if the consumer has ended.
        """
        if self._consumer.status is not None:
            raise RuntimeError(self._consumer.tail())
        with self._file.open("rb") as file:
            file.seek(self._position)
            new, end, _ = file.read().rpartition(b"\n")
        self._position += len(new) + len(end)
        lines = new.split(b"\n") if new else []
        for line in lines:
            at_ns, topic, value = line.split(b" ", 2)
            if topic == _MESSAGES:
                message = _decode_message(value)
                channel = self._channels[message.channel_id]
                # A reader removes the \x01 of a /me, tmi.js too.
                number = int(message.message.rpartition(" ")[2])
                at = int(at_ns) / 1e9
                self.times[channel, number].append(at)
                self.first.setdefault(channel, at)
            else:
                self.gaps.append(decode_chat_gap(value))
        return len(lines)

    def wait_for(self, keys: Collection[Key], quiet_s: float) -> set[Key]:
        """Wait for the messages *keys* until nothing comes for *quiet_s*; return the missing."""
        missing = set(keys)
        last = time.monotonic()
        while True:
            if self.look():
                last = time.monotonic()
            missing -= self.times.keys()
            if not missing or time.monotonic() > last + quiet_s:
                return missing
            time.sleep(_LOOK_EVERY_S)


def start_consumer(
    start: StartProcess, bootstrap: str, folder: Path, channels: Mapping[str, str]
) -> Arrivals:
    """Start a consumer of the messages and the gaps; *channels* are names by Twitch's ids."""
    file = folder / "arrivals"
    consumer = start(python_module("benchmarks.consumer", bootstrap, str(file), TOPIC, GAPS))
    wait_for_line(consumer, "^ready", _START_WITHIN_S)
    return Arrivals(consumer, file, channels)
