"""What all connections of a chat server share: accounts, channels, limits, and who is where."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator.changes import Changes
from simulator.logins import made_up_id
from simulator.rate_limit import RateLimit

#: The type of a connected client. It is a parameter so that this module need not import it.
Session = TypeVar("Session")


class JoinRefusal(enum.Enum):
    """Why a channel cannot be joined: Twitch's `msg-id`, and what it says."""

    SUSPENDED = (
        "msg_channel_suspended",
        "This channel does not exist or has been suspended.",
    )
    BANNED = ("msg_banned", "You are permanently banned from talking in {channel}.")
    TERMS_OF_SERVICE = (
        "tos_ban",
        "The community has closed channel {channel} due to Terms of Service violations.",
    )
    #: Twitch says nothing at all about a channel that does not exist.
    NON_EXISTENT = ("", "")


@dataclass
class ChatState(Generic[Session]):
    """The state of one chat server. Tests may change what it holds at any time."""

    #: Valid tokens, without `oauth:`, and the login each belongs to. None at all: any will do.
    tokens: MutableMapping[str, str] = field(default_factory=dict)
    #: Ids of channels that are to have a certain one.
    room_ids: dict[str, str] = field(default_factory=dict)
    #: Channels that cannot be joined.
    refused_joins: dict[str, JoinRefusal] = field(default_factory=dict)
    #: The NOTICE that every login is refused with, or None.
    login_refusal: str | None = None
    #: Whether a client's PING gets its PONG.
    answers_pings: bool = True
    join_limit: RateLimit | None = None
    login_limit: RateLimit | None = None
    #: Every connection that stands.
    sessions: list[Session] = field(default_factory=list)
    #: Who has joined which channel.
    members: defaultdict[str, list[Session]] = field(default_factory=lambda: defaultdict(list))
    changes: Changes = field(default_factory=Changes)

    def room_id(self, channel: str) -> str:
        """Return the id of *channel*, always the same."""
        return self.room_ids.get(channel) or made_up_id(f"#{channel}")
