"""What one line of chat can be: a message, or an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, final

import msgspec

if TYPE_CHECKING:
    from common.chat_event import ChatEvent
    from common.chat_message import ChatMessage


# gc=False for the same reason as in IrcMessage.
class ReceivedMessage(msgspec.Struct, frozen=True, gc=False):
    """A chat message, with its Twitch id."""

    message: ChatMessage
    #: Twitch's id of the message, the same on every connection; empty if it has none.
    id: str
    #: Number of emote positions that were skipped.
    skipped_emotes: int


@final
class ReceivedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event, with what identifies it."""

    event: ChatEvent
    #: Twitch's id of the event. If it has none, a text that is the same for the same event on every
    #: connection and every host, and differs for any other.
    id: str


Received: TypeAlias = ReceivedMessage | ReceivedEvent
