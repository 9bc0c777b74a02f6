"""What was sent on Twitch, and the records of messages, events and gaps that Kafka has of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from common.chat_event import decode_chat_event
from common.chat_gap import ChatGap, decode_chat_gap
from common.chat_message import decode_chat_message
from tests.topics import Record

#: The type of the only events that nobody causes: what holds in a chat when a reader joins.
_SETTINGS = "chat_settings_update"


@dataclass(slots=True)
class SentMessage:
    """A message that was sent on Twitch."""

    channel: str
    #: The place of the message in its channel, from 1.
    number: int
    text: str
    #: When it was sent, Unix time in milliseconds.
    sent_ms: int
    #: Whether a reader is known to have received it.
    received: bool = False
    #: Twitch's id.
    id: str = ""
    #: Whether it is an announcement, which is an event, too.
    is_announcement: bool = False


class Arrival(NamedTuple):
    """A record of the topic of messages or of events."""

    reader: str
    seq: int
    #: The text of the message or the announcement; the type of any other event.
    text: str
    partition: int
    #: When Kafka received it, Unix time in milliseconds.
    appended_ms: int
    #: The header `id`.
    id: str = ""

    @property
    def is_settings(self) -> bool:
        """Whether it is the event that says what holds in the chat."""
        return self.text == _SETTINGS


class Gap(NamedTuple):
    """A record of the topic of gaps."""

    reader: str
    seq: int
    gap: ChatGap


def arrivals_of(records: Iterable[Record]) -> list[Arrival]:
    """Return the messages in *records*, whose timestamps must be Kafka's (LogAppendTime)."""
    return [_arrival(record, decode_chat_message(record.value).message) for record in records]


def events_of(records: Iterable[Record]) -> list[Arrival]:
    """Return the events in *records*, whose timestamps must be Kafka's (LogAppendTime)."""
    events = [(record, decode_chat_event(record.value)) for record in records]
    return [
        _arrival(record, event.message if event.announcement else event.type)
        for record, event in events
    ]


def gaps_of(records: Iterable[Record]) -> list[Gap]:
    """Return the gaps in *records*."""
    return [
        Gap(
            record.headers["reader"].decode(),
            int(record.headers["seq"]),
            decode_chat_gap(record.value),
        )
        for record in records
    ]


def numbers_of(records: Iterable[Arrival | Gap]) -> set[tuple[str, int]]:
    """Return the readers and seqs of *records*."""
    return {(record.reader, record.seq) for record in records}


def _arrival(record: Record, text: str) -> Arrival:
    headers = {name: value.decode() for name, value in record.headers.items()}
    return Arrival(
        reader=headers["reader"],
        seq=int(headers["seq"]),
        text=text,
        partition=record.partition,
        appended_ms=record.timestamp,
        id=headers.get("id", ""),
    )
