"""
What a message or an event becomes when somebody in it has opted out: nothing, or the same without
them. No I/O, no clock.

1. Nothing, if they wrote it or did it, or if a moderator did it to them.
2. Nothing, if it is an event from their channel in a shared chat, or one of an unknown type that
   names them anywhere.
3. Without them, if they are only mentioned: as the author of what is replied to, or of the thread,
   as the recipient or giver of a gift, and as the channel of a shared chat that somebody wrote in.

A person is what Twitch says in fields of their own. What people type about somebody stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from common.chat_event import ChatEvent
from common.chat_message import ChatMessage
from common.event_payloads import SubGift
from common.extended_message import ExtendedMessage, Reply
from readers.opt_out.people import People
from readers.parsing.irc import IrcMessage
from readers.parsing.received import Received, ReceivedEvent, ReceivedMessage

#: Fields of a payload that name a person, and whose they are.
_PERSON = re.compile(r"(.*?)user_(id|login|name)")

#: Those of whoever the event is about: a raid's leader, and whom a moderator acts upon.
_MAIN = {"", "target_"}


class _Person(NamedTuple):
    whose: str
    #: By what they name: `id`, `login`, `name`.
    fields: dict[str, str]


def redacted(received: Received, irc: IrcMessage, people: People) -> Received | None:
    """Return what may be published of *received*, which *irc* was parsed to; None for nothing."""
    if isinstance(received, ReceivedEvent):
        event = _event(received.event, people)
        return ReceivedEvent(event, received.id) if event else None
    message = _message(received.message, irc, people)
    if message is None:
        return None
    return ReceivedMessage(message, received.id, received.skipped_emotes)


def may_leave_as_it_is(message: ChatMessage, people: People) -> bool:
    """Return whether *message*, which is no reply, names nobody who has opted out."""
    if _is_by_them(message, people):
        return False
    return not (
        isinstance(message, ExtendedMessage) and people.has_id(message.source_broadcaster_user_id)
    )


def names_them(message: ExtendedMessage, people: People) -> bool:
    """Return whether *message*, which was published before, is by or to people who opted out."""
    if not may_leave_as_it_is(message, people):
        return True
    reply = message.reply
    if reply and (
        people.has(reply.parent_user_id, reply.parent_user_login, reply.parent_user_name)
        or reply != _reply(reply, people)
    ):
        return True
    # All that tells a reply among messages of six fields.
    return bool(people.mentioned_in(message.message))


def _is_by_them(message: ChatMessage, people: People) -> bool:
    name = message.display_name if isinstance(message, ExtendedMessage) else ""
    return people.has(message.user_id, message.username, name)


def _message(message: ChatMessage, irc: IrcMessage, people: People) -> ChatMessage | None:
    if people.has(message.user_id, message.username, irc.text("display-name")):
        return None
    parent = [
        irc.text(f"reply-parent-{what}") for what in ("user-id", "user-login", "display-name")
    ]
    is_to_them = people.has(*parent)
    if is_to_them:
        names = [*parent[1:], people.mentioned_in(message.message)]
        message = replace(message, message=_masked(message.message, names))
    if not isinstance(message, ExtendedMessage):
        return message
    if people.has_id(message.source_broadcaster_user_id):
        message = replace(
            message,
            source_broadcaster_user_id="",
            source_message_id="",
            source_badges=(),
            is_source_only=False,
        )
    if message.reply:
        reply = None if is_to_them else _reply(message.reply, people)
        message = replace(message, reply=reply)
    return message


def _reply(reply: Reply, people: People) -> Reply:
    # The parent may be a reply as well.
    names = [people.mentioned_in(reply.parent_message_body)]
    if people.has(reply.thread_user_id, reply.thread_user_login, reply.thread_user_name):
        names += [reply.thread_user_login, reply.thread_user_name]
        reply = replace(
            reply,
            thread_message_id="",
            thread_user_id="",
            thread_user_login="",
            thread_user_name="",
        )
    body = _masked(reply.parent_message_body, names)
    return replace(reply, parent_message_body=body)


def _masked(text: str, names: list[str]) -> str:
    """Return *text*, which may begin with `@` and one of *names*, with a `*` per character."""
    for name in names:
        end = len(name) + 1
        if name and text[:end].lower() == f"@{name}".lower() and not _goes_on(text[end : end + 1]):
            return f"@{'*' * len(name)}{text[end:]}"
    return text


def _goes_on(character: str) -> bool:
    return character.isalnum() or character == "_"


def _event(event: ChatEvent, people: People) -> ChatEvent | None:
    if people.has(event.user_id, event.username, event.display_name):
        return None
    if people.has_id(event.source_broadcaster_user_id):
        return None
    if any(people.is_in(value) or people.has_id_in(value) for value in event.params.values()):
        return None
    changes: dict[str, Any] = {}
    for key in event.__struct_fields__:
        payload = getattr(event, key)
        if not isinstance(payload, msgspec.Struct):
            continue
        hidden = list(_hidden_in(payload, people))
        if any(person.whose in _MAIN for person in hidden):
            return None
        if hidden:
            names = {f"{whose}user_{what}": None for whose, fields in hidden for what in fields}
            if isinstance(payload, SubGift):
                names["recipient_cumulative_months"] = None
            changes[key] = replace(payload, **names)
    if changes or people.is_in(event.system_message):
        # Twitch's sentence names whom the payload names.
        changes["system_message"] = ""
    return replace(event, **changes) if changes else event


def _hidden_in(payload: msgspec.Struct, people: People) -> Iterator[_Person]:
    """Yield the people in *payload* who have opted out."""
    found: dict[str, dict[str, str]] = {}
    for key in payload.__struct_fields__:
        if named := _PERSON.fullmatch(key):
            found.setdefault(named[1], {})[named[2]] = getattr(payload, key) or ""
    for whose, fields in found.items():
        if people.has(fields.get("id", ""), fields.get("login", ""), fields.get("name", "")):
            yield _Person(whose, fields)
