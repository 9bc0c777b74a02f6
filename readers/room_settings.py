"""
What a reader knows and has told about the settings of its chat: emotes only, slow mode and so on.

1. The first ROOMSTATE of a connection has all settings. They become an event only if they differ
   from what was told last, before a restart, too. Of later ones, only what differs does. So what
   two connections say during their overlap is told once.
2. Once a connection has said its first, earlier ones do not count any more: what they still bring
   is older.
3. What was told is noted after it is in the outbox, so a kill in between tells it twice, never not
   at all. If something was dropped since, the settings may have been among it: all are told again.
4. ROOMSTATE has no id. Readers of a channel on several hosts make the same one of the content, the
   minute, and how often the content came within it. After a restart within a minute, the numbers
   are higher than any before: a copy that is published is better than an event that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from common.chat_event import ChatEvent
from common.status.reader_status import ReaderStatus, ToldSettings, forgotten
from readers.parsing.received import ReceivedEvent
from readers.parsing.room_state import chat_settings, room_state
from readers.twitch.client import OnChat, OnRoomState

_MINUTE_MS = 60_000

#: Of how many ids the last number is remembered. A busy moderator changes a setting a few times.
_REMEMBERED = 256

# An id of Twitch is far shorter. A status page has little room.
_MAX_ID_DIGITS = 20

_TYPE = "chat_settings_update"


class RoomSettings:
    """The settings of one channel's chat, for all connections of its reader."""

    def __init__(
        self,
        channel: str,
        status: ReaderStatus,
        on_chat: OnChat,
        takes_events: Callable[[], bool] = lambda: True,
    ) -> None:
        """
        *status* has what the last reader has told. *on_chat* puts events into the outbox.

        While *takes_events* returns False, nothing is told.
        """
        self._channel = channel
        self._status = status
        self._on_chat = on_chat
        self._takes_events = takes_events
        #: What holds, by the last ROOMSTATE.
        self._state: dict[str, int] = {}
        self._channel_id = ""
        self._connections = 0
        #: The number of the newest one that has said something.
        self._newest = 0
        self._numbers = _Numbers(status.told_settings)

    def new_connection(self) -> OnRoomState:
        """Return what takes each ROOMSTATE of a connection that is about to be made."""
        self._connections += 1
        number = self._connections

        def on_room_state(tags: Mapping[str, str], channel_id: str, now_ms: int) -> None:
            if number >= self._newest and _is_id(channel_id):
                is_first = number > self._newest
                self._newest = number
                self._take(room_state(tags), channel_id, now_ms, is_first=is_first)

        return on_room_state

    def catch_up(self, now_ms: int) -> None:
        """
        Tell at *now_ms* what holds, if the publisher now takes events and did not take the last.

        Call it whenever something was received.
        """
        if self._state and not self._status.told_settings.channel_id and self._takes_events():
            self._tell(now_ms, is_snapshot=True)

    def _take(self, sent: dict[str, int], channel_id: str, now_ms: int, *, is_first: bool) -> None:
        self._channel_id = channel_id
        told = self._told()
        self._state = {**(told if is_first else self._state), **sent}
        self._tell(now_ms, is_snapshot=is_first or not told)

    def _tell(self, now_ms: int, *, is_snapshot: bool) -> None:
        told, channel_id = self._told(), self._channel_id
        changed = {name: value for name, value in self._state.items() if told.get(name) != value}
        if not changed:
            return
        if not self._takes_events():
            self._status.told_settings = forgotten(self._status.told_settings)
            return
        said = self._state if is_snapshot else changed
        minute = now_ms // _MINUTE_MS
        unnumbered = f"{_TYPE}:{channel_id}:{_content(said, is_snapshot)}:{minute}"
        number = self._numbers.next(unnumbered, minute)
        event = ChatEvent(
            channel_id=channel_id,
            channel=self._channel,
            type=_TYPE,
            timestamp=now_ms,
            chat_settings_update=chat_settings(said, snapshot=is_snapshot),
        )
        self._on_chat([ReceivedEvent(event, f"{unnumbered}:{number}")])
        self._status.told_settings = ToldSettings(
            channel_id, dict(self._state), self._dropped, minute, self._numbers.highest
        )

    def _told(self) -> dict[str, int]:
        """Return what was told of the channel, and is in Kafka or on the way there."""
        told = self._status.told_settings
        # The name of a channel may have become another channel's.
        is_of_it = told.channel_id == self._channel_id and told.dropped == self._dropped
        return told.state if is_of_it else {}

    @property
    def _dropped(self) -> int:
        return sum(self._status.dropped.values())


class _Numbers:
    """The numbers at the end of ids, which are 1 unless the same id was used before."""

    def __init__(self, last: ToldSettings) -> None:
        """*last* is what the last process has told."""
        self._last = last
        #: The last number of each id.
        self._numbers: dict[str, int] = {}
        self._minute = last.minute
        #: The highest number in the minute of the last id.
        self.highest = last.highest

    def next(self, unnumbered: str, minute: int) -> int:
        """Return the number for the id that begins with *unnumbered* and ends with *minute*."""
        first = self._last.highest if minute == self._last.minute else 0
        # Taken out and put in again: the first one is then the one that came longest ago.
        number = self._numbers.pop(unnumbered, first) + 1
        self._numbers[unnumbered] = number
        if len(self._numbers) > _REMEMBERED:
            del self._numbers[next(iter(self._numbers))]
        self.highest = max(number, self.highest if minute == self._minute else 0)
        self._minute = minute
        return number


def _content(said: Mapping[str, int], is_snapshot: bool) -> str:
    kind = "snapshot," if is_snapshot else ""
    return kind + ",".join(f"{name}={said[name]}" for name in sorted(said))


def _is_id(channel_id: str) -> bool:
    return channel_id.isascii() and channel_id.isdecimal() and len(channel_id) <= _MAX_ID_DIGITS
