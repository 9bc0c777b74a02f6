"""
Builds the lines that Twitch's chat server sends: bytes that end in CRLF.

Wording and order follow the Twitch documentation (https://dev.twitch.tv/docs/chat/irc/) and
recorded connections.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SERVER_NAME = "tmi.twitch.tv"

#: IRCv3 message tags, "Escaping values".
_ESCAPES = str.maketrans(
    {";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"},
)

#: The tags of an ordinary message with their defaults, in Twitch's order.
_MESSAGE_TAGS = {
    "badge-info": "",
    "badges": "",
    "color": "",
    "display-name": "",
    "emotes": "",
    "first-msg": "0",
    "flags": "",
    "id": "",
    "mod": "0",
    "returning-chatter": "0",
    "room-id": "",
    "subscriber": "0",
    "tmi-sent-ts": "",
    "turbo": "0",
    "user-id": "",
    "user-type": "",
}


#: The tags of a USERNOTICE with their defaults, in Twitch's order without the event's own.
_NOTICE_TAGS = {
    "badge-info": "",
    "badges": "",
    "color": "",
    "display-name": "",
    "emotes": "",
    "flags": "",
    "id": "",
    "login": "",
    "mod": "0",
    "msg-id": "",
    "room-id": "",
    "subscriber": "0",
    "system-msg": "",
    "tmi-sent-ts": "",
    "user-id": "",
    "user-type": "",
    "vip": "0",
}

#: A channel's settings by their tags in ROOMSTATE, as they are if nobody has changed them.
ROOM_SETTINGS = {
    "emote-only": "0",
    "followers-only": "-1",
    "r9k": "0",
    "slow": "0",
    "subs-only": "0",
}


def escape_tag_value(value: str) -> str:
    """Return *value* escaped for an IRCv3 message tag."""
    return value.translate(_ESCAPES)


def build_line(
    command: str,
    *parameters: str,
    text: str | None = None,
    prefix: str = SERVER_NAME,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """
    Return one IRC line.

    *text* is the last parameter, which may contain spaces. *tags* holds unescaped values. If
    *prefix* is empty, the line has none.
    """
    words = []
    if tags:
        words.append("@" + ";".join(f"{key}={escape_tag_value(tags[key])}" for key in tags))
    if prefix:
        words.append(f":{prefix}")
    words += [command, *parameters]
    if text is not None:
        words.append(f":{text}")
    return " ".join(words).encode() + b"\r\n"


def user_prefix(login: str) -> str:
    """Return the prefix of lines that come from the user *login*."""
    return f"{login}!{login}@{login}.{SERVER_NAME}"


def welcome(login: str) -> bytes:
    """Return the seven lines that a client gets after its login."""
    greeting = {
        "001": "Welcome, GLHF!",
        "002": f"Your host is {SERVER_NAME}",
        "003": "This server is rather new",
        "004": "-",
        "375": "-",
        "372": "You are in a maze of twisty passages, all alike.",
        "376": ">",
    }
    return b"".join(build_line(number, login, text=text) for number, text in greeting.items())


def global_user_state(login: str, user_id: str) -> bytes:
    """Return the GLOBALUSERSTATE that a client gets after its login."""
    tags = _user_tags(login) | {"user-id": user_id}
    return build_line("GLOBALUSERSTATE", tags=tags)


def user_state(login: str, channel: str) -> bytes:
    """Return the USERSTATE that a client gets after it has joined *channel*."""
    return build_line("USERSTATE", f"#{channel}", tags=_user_tags(login) | {"mod": "0"})


def room_state(channel: str, room_id: str, settings: Mapping[str, str]) -> bytes:
    """
    Return the ROOMSTATE of *channel*: all *settings* for a client that has joined, else the new.

    They are given by their tags, as in ROOM_SETTINGS.
    """
    tags = {**settings, "room-id": room_id}
    return build_line("ROOMSTATE", f"#{channel}", tags={tag: tags[tag] for tag in sorted(tags)})


def names(login: str, channel: str, present: Sequence[str]) -> bytes:
    """Return the NAMES reply to the client *login*: the logins *present* in *channel*."""
    prefix = f"{login}.{SERVER_NAME}"
    channel = f"#{channel}"
    return build_line(
        "353", login, "=", channel, text=" ".join(present), prefix=prefix
    ) + build_line("366", login, channel, text="End of /NAMES list", prefix=prefix)


def joined(login: str, channel: str) -> bytes:
    """Return the JOIN of *login*."""
    return build_line("JOIN", f"#{channel}", prefix=user_prefix(login))


def parted(login: str, channel: str) -> bytes:
    """Return the PART of *login*."""
    return build_line("PART", f"#{channel}", prefix=user_prefix(login))


def notice(target: str, text: str, *, message_id: str = "") -> bytes:
    """Return a NOTICE to `*` (before login), or to a `#channel` with a *message_id*."""
    tags = {"msg-id": message_id} if message_id else None
    return build_line("NOTICE", target, text=text, tags=tags)


def private_message(
    channel: str,
    text: str,
    *,
    login: str,
    user_id: str,
    room_id: str,
    message_id: str,
    sent_ms: int,
    emotes: str = "",
    action: bool = False,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """
    Return a PRIVMSG: a message of *login* in *channel*.

    *emotes* is the value of the `emotes` tag. *sent_ms* is Unix time in milliseconds. *action*
    makes it a `/me` message. *tags* adds or replaces tags.
    """
    all_tags = {
        **_MESSAGE_TAGS,
        "display-name": login,
        "emotes": emotes,
        "id": message_id,
        "room-id": room_id,
        "tmi-sent-ts": str(sent_ms),
        "user-id": user_id,
        **(tags or {}),
    }
    if action:
        text = f"\x01ACTION {text}\x01"
    return build_line("PRIVMSG", f"#{channel}", text=text, prefix=user_prefix(login), tags=all_tags)


def user_notice(
    channel: str,
    kind: str,
    *,
    text: str | None,
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> bytes:
    """
    Return a USERNOTICE: an event in *channel*, with *kind* as its `msg-id`.

    *text* is what the user wrote, or None. *params* holds the event's own tags, without their
    `msg-param-`. *tags* adds or replaces tags.
    """
    all_tags = {
        **_NOTICE_TAGS,
        "msg-id": kind,
        **{f"msg-param-{name}": value for name, value in params.items()},
        **tags,
    }
    ordered = {tag: all_tags[tag] for tag in sorted(all_tags)}
    return build_line("USERNOTICE", f"#{channel}", text=text, tags=ordered)


def clear_chat(
    channel: str,
    *,
    room_id: str,
    sent_ms: int,
    target: tuple[str, str] | None = None,
    seconds: int | None = None,
) -> bytes:
    """
    Return the CLEARCHAT that removes everything from *channel*, or all that *target* has said.

    *target* is a login and a user id. It is banned, or timed out for a number of *seconds*.
    """
    tags = {"room-id": room_id, "tmi-sent-ts": str(sent_ms)}
    if target is None:
        return build_line("CLEARCHAT", f"#{channel}", tags=tags)
    login, user_id = target
    duration = {} if seconds is None else {"ban-duration": str(seconds)}
    tags = {**duration, "room-id": room_id, "target-user-id": user_id, "tmi-sent-ts": str(sent_ms)}
    return build_line("CLEARCHAT", f"#{channel}", text=login, tags=tags)


def clear_message(channel: str, text: str, *, login: str, message_id: str, sent_ms: int) -> bytes:
    """Return the CLEARMSG that removes one message, which *login* said, from *channel*."""
    # Twitch leaves the room-id empty.
    tags = {
        "login": login,
        "room-id": "",
        "target-msg-id": message_id,
        "tmi-sent-ts": str(sent_ms),
    }
    return build_line("CLEARMSG", f"#{channel}", text=text, tags=tags)


def _user_tags(login: str) -> dict[str, str]:
    return {
        "badge-info": "",
        "badges": "",
        "color": "",
        "display-name": login,
        "emote-sets": "0",
        "user-type": "",
    }
