"""What a reader tells about the settings of its chat, and that it tells it once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.chat_event import encode_chat_event
from common.settings import read_settings
from common.status.reader_status import ReaderStatus
from readers.outbox.outbox import Outbox
from readers.parsing.received import Received, ReceivedEvent
from readers.parsing.room_state import room_state
from readers.record_builder import RecordBuilder
from readers.room_settings import RoomSettings
from readers.status_keeper import StatusKeeper
from readers.twitch.client import OnRoomState
from tests.readers.memberships import CHANNEL, ROOM_ID

OFF = {"emote-only": "0", "followers-only": "-1", "r9k": "0", "slow": "0", "subs-only": "0"}
ALL_OFF = {
    "snapshot": True,
    "emote_mode": False,
    "follower_mode": False,
    "slow_mode": False,
    "subscriber_mode": False,
    "unique_chat_mode": False,
}

#: The begin of a minute.
NOW_MS = 30_000_000 * 60_000


class Reader:
    """The settings of a reader, and what it has told."""

    def __init__(self, status: ReaderStatus | None = None) -> None:
        self.status = status or ReaderStatus()
        self.events: list[ReceivedEvent] = []
        self.takes_events = True
        self.settings = RoomSettings(CHANNEL, self.status, self.take, lambda: self.takes_events)
        self.connection = self.settings.new_connection()

    def take(self, chat: list[Received]) -> None:
        """Put *chat* into the outbox."""
        self.events += [received for received in chat if isinstance(received, ReceivedEvent)]

    def hear(self, tags: dict[str, str], now_ms: int = NOW_MS, channel_id: str = ROOM_ID) -> None:
        """Receive a ROOMSTATE on the newest connection."""
        self.connection(tags, channel_id, now_ms)

    def reconnect(self) -> OnRoomState:
        """Make a new connection; return the one before."""
        previous, self.connection = self.connection, self.settings.new_connection()
        return previous

    @property
    def told(self) -> list[dict[str, Any]]:
        """The payloads that were told."""
        return [
            json.loads(encode_chat_event(received.event))["chat_settings_update"]
            for received in self.events
        ]

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [received.id for received in self.events]


@pytest.fixture
def reader() -> Reader:
    """Return a reader that has told nothing yet."""
    return Reader()


def test_the_first_settings_are_a_snapshot(reader: Reader) -> None:
    """The record has the channel, and the time of receiving: ROOMSTATE has none."""
    reader.hear(OFF)
    (received,) = reader.events
    assert json.loads(encode_chat_event(received.event)) == {
        "channel_id": ROOM_ID,
        "channel": CHANNEL,
        "type": "chat_settings_update",
        "timestamp": NOW_MS,
        "chat_settings_update": ALL_OFF,
    }
    content = "snapshot,emote-only=0,followers-only=-1,r9k=0,slow=0,subs-only=0"
    assert received.id == f"chat_settings_update:{ROOM_ID}:{content}:30000000:1"


def test_later_only_what_differs_is_told(reader: Reader) -> None:
    """And nothing if nothing does."""
    reader.hear(OFF)
    reader.hear({"slow": "5"})
    reader.hear({"slow": "5"})
    reader.hear({"slow": "10", "subs-only": "0"})
    reader.hear(OFF | {"slow": "10", "followers-only": "0"})
    assert reader.told[1:] == [
        {"slow_mode": True, "slow_mode_wait_time_seconds": 5},
        {"slow_mode": True, "slow_mode_wait_time_seconds": 10},
        {"follower_mode": True, "follower_mode_duration_minutes": 0},
    ]


def test_the_same_settings_on_the_next_connection_are_not_told_again(reader: Reader) -> None:
    """If they differ, all are."""
    reader.hear(OFF)
    reader.reconnect()
    reader.hear(OFF)
    assert len(reader.told) == 1
    reader.reconnect()
    reader.hear(OFF | {"r9k": "1"})
    assert reader.told[1:] == [ALL_OFF | {"unique_chat_mode": True}]


def test_an_earlier_connection_is_not_heard_once_the_next_one_has_said_something(
    reader: Reader,
) -> None:
    """What it still brings is older. Until then it is."""
    reader.hear(OFF)
    old = reader.reconnect()
    old({"slow": "5"}, ROOM_ID, NOW_MS)
    reader.hear(OFF | {"slow": "10"})
    old({"slow": "10"}, ROOM_ID, NOW_MS)
    old({"slow": "0"}, ROOM_ID, NOW_MS)
    assert [told.get("slow_mode_wait_time_seconds") for told in reader.told] == [None, 5, 10]


@pytest.mark.parametrize("channel_id", ["", "x", "9" * 21, "\u0661"])
def test_settings_of_an_unknown_channel_are_not_told(reader: Reader, channel_id: str) -> None:
    """The next ones with an id are the snapshot."""
    reader.hear(OFF, channel_id=channel_id)
    assert not reader.told
    reader.hear(OFF)
    assert reader.told == [ALL_OFF]


def test_a_confirmation_without_settings_tells_nothing(reader: Reader) -> None:
    """What follows is no snapshot of it, but all that is known."""
    reader.hear({})
    assert not reader.told
    reader.hear({"slow": "5"})
    assert reader.told == [{"snapshot": True, "slow_mode": True, "slow_mode_wait_time_seconds": 5}]


def test_what_a_first_one_lacks_holds_as_it_was_told(reader: Reader) -> None:
    """A change may come before the settings at the join."""
    reader.hear(OFF)
    again = Reader(reader.status)
    again.hear({"r9k": "1"})
    again.hear(OFF | {"r9k": "1"})
    assert again.told == [ALL_OFF | {"unique_chat_mode": True}]


def test_another_channel_of_the_same_name_is_told_as_a_whole(reader: Reader) -> None:
    """The name has passed to somebody else."""
    reader.hear(OFF)
    reader.reconnect()
    reader.hear(OFF, channel_id="5")
    assert reader.told == [ALL_OFF, ALL_OFF]
    assert [received.event.channel_id for received in reader.events] == [ROOM_ID, "5"]


def test_on_off_on_within_a_minute_are_three_events(reader: Reader) -> None:
    """Another reader's copies have the same ids, also if it receives them some seconds later."""
    other = Reader()
    for later_ms, hearer in ((0, reader), (5000, other)):
        hearer.hear(OFF)
        for at_ms, slow in ((10_000, "5"), (11_000, "0"), (12_000, "5"), (60_000, "0")):
            hearer.hear({"slow": slow}, now_ms=NOW_MS + at_ms + later_ms)
    assert [id_.removeprefix(f"chat_settings_update:{ROOM_ID}:") for id_ in reader.ids[1:]] == [
        "slow=5:30000000:1",
        "slow=0:30000000:1",
        "slow=5:30000000:2",
        "slow=0:30000001:1",
    ]
    assert other.ids == reader.ids


def test_a_clock_that_is_set_back_makes_no_id_twice(reader: Reader) -> None:
    """It would be taken for a copy."""
    for minute in (1, 2, 1):
        for slow in ("5", "0"):
            reader.hear({"slow": slow}, now_ms=NOW_MS + minute * 60_000)
    assert len(set(reader.ids)) == 6


def test_what_is_remembered_does_not_grow_for_ever(reader: Reader) -> None:
    """Somebody changes a setting again and again, for years."""
    for slow in range(1000):
        reader.hear({"slow": str(slow)})
    assert len(reader.settings._numbers._numbers) == 256


def test_a_restart_within_a_minute_makes_no_id_twice(reader: Reader) -> None:
    """The last process has told the same: the publisher would take it for a copy."""
    reader.hear(OFF)
    reader.hear({"slow": "5"})
    reader.hear({"slow": "0"})
    reader.hear({"slow": "5"})
    reader.hear({"r9k": "1"})  # the first of its content, after a second of another
    again = Reader(reader.status)
    again.hear(OFF)
    again.hear({"slow": "5"})
    assert [id_.rpartition(":")[2] for id_ in again.ids] == ["3", "3"]
    again.hear({"slow": "0"}, NOW_MS + 60_000)
    assert again.ids[-1].endswith(":slow=0:30000001:1")
    assert not set(again.ids) & set(reader.ids)
    third = Reader(again.status)
    third.hear({"slow": "5"}, NOW_MS + 60_000)
    assert third.ids[-1].endswith(":2")


@contextmanager
def started(state_dir: Path) -> Iterator[Reader]:
    """Run a reader that keeps its status page in *state_dir*."""
    keeper = StatusKeeper(CHANNEL, read_settings({"STATE_DIR": str(state_dir)}))
    yield Reader(keeper.status)
    keeper.on_stopped()


def test_a_restart_tells_nothing_again(tmp_path: Path) -> None:
    """Only if something has changed meanwhile."""
    with started(tmp_path) as reader:
        reader.hear(OFF)
        reader.hear({"slow": "5"})
        assert len(reader.told) == 2
    with started(tmp_path) as reader:
        reader.hear(OFF | {"slow": "5"})
        assert not reader.told
    with started(tmp_path) as reader:
        reader.hear(OFF)
        assert reader.told == [ALL_OFF]


def test_what_may_be_lost_is_told_again(reader: Reader) -> None:
    """A damaged outbox, a full one, or what a kill took from memory."""
    reader.hear(OFF)
    reader.status.dropped["damaged"] = 1
    reader.reconnect()
    reader.hear(OFF)
    assert reader.told == [ALL_OFF, ALL_OFF]
    reader.status.dropped["overflowed"] = 7
    reader.hear({"slow": "5"})
    reader.hear({"slow": "0"})
    assert reader.told[2:] == [
        ALL_OFF | {"slow_mode": True, "slow_mode_wait_time_seconds": 5},
        {"slow_mode": False},
    ]


def test_what_could_not_be_put_into_the_outbox_does_not_count_as_told() -> None:
    """The page is written when the reader ends with the error."""

    class Failing(Reader):
        def take(self, chat: list[Received]) -> None:
            raise OSError(str(len(chat)))

    reader = Failing()
    with pytest.raises(OSError, match="1"):
        reader.hear(OFF)
    again = Reader(reader.status)
    again.hear(OFF)
    assert again.told == [ALL_OFF]


def test_what_the_publisher_does_not_take_is_told_when_it_does(reader: Reader) -> None:
    """All of it, with whatever is received next."""
    reader.settings.catch_up(NOW_MS)
    reader.takes_events = False
    reader.hear(OFF)
    reader.settings.catch_up(NOW_MS)
    assert not reader.told
    reader.takes_events = True
    reader.settings.catch_up(NOW_MS + 1)
    assert reader.told == [ALL_OFF]
    assert reader.events[0].event.timestamp == NOW_MS + 1
    reader.takes_events = False
    reader.hear({"slow": "10"})
    reader.takes_events = True
    reader.hear({"r9k": "1"})
    slow = {"slow_mode": True, "slow_mode_wait_time_seconds": 10}
    assert reader.told[1:] == [ALL_OFF | slow | {"unique_chat_mode": True}]
    reader.settings.catch_up(NOW_MS)
    assert len(reader.told) == 2


def test_what_was_given_up_is_told_when_the_publisher_takes_it(tmp_path: Path) -> None:
    """It was in the outbox before the publisher was known."""
    reader = Reader()
    reader.hear(OFF)
    with closing(Outbox(tmp_path / "xqc.db", CHANNEL, 10**9, reader.status)) as outbox:
        RecordBuilder(outbox.append).take(list(reader.events))
        outbox.give_up(outbox.last_seq)
    reader.settings.catch_up(NOW_MS)
    assert reader.told == [ALL_OFF, ALL_OFF]
    assert len(set(reader.ids)) == 2


_states = st.fixed_dictionaries(
    {},
    optional={
        "emote-only": st.sampled_from(["0", "1", "x"]),
        "followers-only": st.sampled_from(["-1", "0", "5", "-2"]),
        "r9k": st.sampled_from(["0", "1"]),
        "slow": st.sampled_from(["0", "5", "300"]),
        "subs-only": st.sampled_from(["0", "1", ""]),
    },
)
_steps = st.tuples(st.booleans(), st.booleans(), st.integers(0, 90_000), _states)


@given(st.lists(_steps, max_size=30))
def test_whoever_follows_the_events_knows_the_settings(
    steps: list[tuple[bool, bool, int, dict[str, str]]],
) -> None:
    """Each id is of one event only, and no value is null."""
    reader, truth, now_ms = Reader(), room_state(OFF), NOW_MS
    reader.hear(OFF)
    for reconnects, reader.takes_events, passed_ms, tags in steps:
        now_ms += passed_ms
        truth |= room_state(tags)
        if reconnects:
            reader.reconnect()
            reader.hear({name: str(value) for name, value in truth.items()}, now_ms)
        else:
            reader.hear(tags, now_ms)
    reader.takes_events = True
    reader.settings.catch_up(now_ms)
    known: dict[str, Any] = {}
    for payload in reader.told:
        assert None not in payload.values()
        known |= payload
    assert len(set(reader.ids)) == len(reader.ids)
    assert known["emote_mode"] == bool(truth["emote-only"])
    assert known["subscriber_mode"] == bool(truth["subs-only"])
    assert known["unique_chat_mode"] == bool(truth["r9k"])
    assert known["slow_mode"] == bool(truth["slow"])
    assert known["follower_mode"] == (truth["followers-only"] >= 0)
    if known["slow_mode"]:
        assert known["slow_mode_wait_time_seconds"] == truth["slow"]
    if known["follower_mode"]:
        assert known["follower_mode_duration_minutes"] == truth["followers-only"]
