"""
Parse the usual form of a chat line to an ExtendedMessage. This takes a third of the time of irc.py
and extended_parser.py, which parse any line.

1. One regular expression parses a line with the tags that most lines have, and no other.
2. Otherwise the tags are split, whatever their order. This takes twice as long.
3. They parse a line in which anything else is unusual: a room or user id that is not a number, an
   emote that is not where its tag says. Otherwise the result is the same, unless a tag appears
   twice, which Twitch does not send.
"""

from __future__ import annotations

import re

from common.extended_message import EmoteRange, ExtendedMessage
from readers.parsing.action import without_action
from readers.parsing.badges import STANDING_TAGS, standing, with_broadcaster
from readers.parsing.emotes import well_placed_ranges
from readers.parsing.extended_fields import extended_fields
from readers.parsing.irc import unescape_tag
from readers.parsing.names import display_name
from readers.parsing.received import ReceivedMessage

_PRIVMSG = r":([a-z0-9_]++)![^ ]*+ PRIVMSG #([a-z0-9_]*+) :"

# Possessive repetitions, `*+`, never backtrack, so the time is linear in the length of any line.
# `well_placed_ranges` accepts only these characters.
_USUAL_CHAT = re.compile(
    r"@(?:badge-info=([^;]*+);)?+badges=([^;]*+);(?:client-nonce=([^;]*+);)?+"
    r"color=([^;]*+);display-name=([^;]*+);(?:emote-only=(1);)?+"
    r"emotes=([a-zA-Z0-9_:/,-]*+);(?:first-msg=(?:0|(1));)?+(?:flags=([^;]*+);)?+id=([^;]*+);"
    r"mod=([^;]*+);(?:returning-chatter=(?:0|(1));)?+room-id=([0-9]++);subscriber=([^;]*+);"
    r"tmi-sent-ts=([1-9][0-9]{0,17}+);turbo=([^;]*+);user-id=([0-9]++);"
    rf"user-type=([^; ]*+)(?:;vip=([^; ]*+))?+ {_PRIVMSG}(.*)",
    re.DOTALL,
)
_USERNAME = 20

_USUAL_MESSAGE = re.compile(rf"{_PRIVMSG}(.*)", re.DOTALL)
_USUAL_NUMBERS = re.compile(r"[0-9]+ [0-9]+ [1-9][0-9]{0,17}")
_USUAL_EMOTES = re.compile(r"[a-zA-Z0-9_:/,-]*")


def extended_fast_path(line: bytes) -> ReceivedMessage | None:
    """
    Return the ExtendedMessage in *line*, or None if `parse_irc` has to parse the line.

    The line may end in CR LF, CR, LF or none of them. Never raises, whatever the bytes.
    """
    decoded = line.decode("utf-8", "replace").rstrip("\r\n")
    found = _USUAL_CHAT.match(decoded)
    # A chatter may type text that looks like tags. Real tags end at the first space, and " :" is
    # before the name.
    if found is None or found.start(_USERNAME) - 2 != decoded.find(" "):
        return _from_any_tags(decoded)
    # fmt: off
    (
        badge_info, badges, nonce, color, name, emote_only, emotes, first, flags, message_id, mod,
        returning, room_id, subscriber, sent_ms, turbo, user_id, user_type, vip, username, channel,
        typed,
    ) = found.groups("")
    # fmt: on
    text = without_action(typed) if typed.startswith("\x01") else typed
    placed = well_placed_ranges(emotes, text) if emotes else ([], ())
    if placed is None:
        return None
    names, ranges = placed
    shown, held = standing((badge_info, badges, mod, subscriber, vip, turbo, user_type))
    if "\\" in name:
        name = unescape_tag(name)
    message = ExtendedMessage(
        room_id,
        user_id,
        username,
        text,
        int(sent_ms),
        names,
        message_id,
        channel,
        "" if name == username else name,
        color,
        shown,
        with_broadcaster(held) if user_id == room_id else held,
        is_action=text != typed,
        is_first_message=first == "1",
        is_returning_chatter=returning == "1",
        is_emote_only=emote_only == "1",
        emote_ranges=ranges,
        automod_flags=flags,
        client_nonce=nonce,
    )
    return ReceivedMessage(message, message_id, skipped_emotes=0)


def _from_any_tags(decoded: str) -> ReceivedMessage | None:
    head, _, rest = decoded.partition(" ")
    found = _USUAL_MESSAGE.match(rest)
    if found is None or not head.startswith("@"):
        return None
    username, channel, typed = found.groups()
    tags: dict[str, str] = {}
    for tag in head[1:].split(";"):
        name, _, value = tag.partition("=")
        tags[name] = value
    get = tags.get
    room_id, user_id, sent_ms = get("room-id", ""), get("user-id", ""), get("tmi-sent-ts", "")
    if not _USUAL_NUMBERS.fullmatch(f"{room_id} {user_id} {sent_ms}"):
        return None
    text = without_action(typed)
    placed: tuple[list[str], tuple[EmoteRange, ...]] | None = [], ()
    if emotes := get("emotes", ""):
        placed = well_placed_ranges(emotes, text) if _USUAL_EMOTES.fullmatch(emotes) else None
    if placed is None:
        return None
    names, ranges = placed
    message_id = get("id", "")
    shown, held = standing(tuple([get(tag, "") for tag in STANDING_TAGS]))
    fields = extended_fields(tags, channel_id=room_id, text=text)
    message = ExtendedMessage(
        room_id,
        user_id,
        username,
        text,
        int(sent_ms),
        names,
        message_id,
        channel,
        display_name(get("display-name", ""), username),
        get("color", ""),
        shown,
        with_broadcaster(held) if user_id == room_id else held,
        is_action=text != typed,
        emote_ranges=ranges,
        **fields,
    )
    return ReceivedMessage(message, message_id, skipped_emotes=0)
