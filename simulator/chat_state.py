"""The state that all connections of a chat server share: accounts, channels, limits, members."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator import chat_lines
from simulator.changes import Changes
from simulator.logins import made_up_id
from simulator.rate_limit import RateLimit

#: The type of a connected client. It is a parameter so that this module need not import it.
Session = TypeVar("Session")


class JoinRefusal(enum.Enum):
    """Why a channel cannot be joined: the `msg-id` and the text of Twitch's NOTICE."""

    SUSPENDED = (
        "msg_channel_suspended",
        "This channel does not exist or has been suspended.",
    )
    BANNED = ("msg_banned", "You are permanently banned from talking in {channel}.")
    TERMS_OF_SERVICE = (
        "tos_ban",
        "The community has closed channel {channel} due to Terms of Service violations.",
    )
    NOT_FOUND = ("msg_room_not_found", "This channel does not exist or has been suspended.")
    CHANNEL_LIMIT = (
        "msg_concurrent_channel_limit_reached",
        "You are connected to too many chat channels.",
    )
    #: Twitch sends nothing if the channel does not exist.
    NON_EXISTENT = ("", "")


@dataclass
class ChatState(Generic[Session]):
    """The state of one chat server. Tests may change it at any time."""

    #: The login of each valid token, without `oauth:`. If it is empty, every token is valid.
    tokens: MutableMapping[str, str] = field(default_factory=dict)
    #: Channel ids, by channel. Other channels get made-up ids.
    room_ids: dict[str, str] = field(default_factory=dict)
    #: Channels that cannot be joined, and why.
    refused_joins: dict[str, JoinRefusal] = field(default_factory=dict)
    #: Each channel's settings by their tags: what a client that joins it is told.
    room_settings: defaultdict[str, dict[str, str]] = field(
        default_factory=lambda: defaultdict(chat_lines.ROOM_SETTINGS.copy)
    )
    #: The logins that each channel has banned: these accounts cannot join it.
    banned: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: The text of the NOTICE that refuses every login, or None.
    login_refusal: str | None = None
    #: Whether the server answers PINGs.
    answers_pings: bool = True
    join_limit: RateLimit | None = None
    login_limit: RateLimit | None = None
    #: The connected clients, the oldest connection first.
    sessions: list[Session] = field(default_factory=list)
    #: The clients in each channel, in the order in which they joined.
    members: defaultdict[str, list[Session]] = field(default_factory=lambda: defaultdict(list))
    changes: Changes = field(default_factory=Changes)

    def room_id(self, channel: str) -> str:
        """Return the id of *channel*. It never changes."""
        return self.room_ids.get(channel) or made_up_id(f"#{channel}")
