"""
Parse the usual form of a chat line to an ExtendedMessage. This takes a third of the time of irc.py
and extended_parser.py, which parse any line.

1. One regular expression parses a line with the tags that most lines have, maybe those of a reply
   or of a shared chat, and no other.
2. extended_any_tags.py parses any other tags, and a `/me`. This takes twice as long.
3. They parse a line in which anything else is unusual: a room or user id that is not a number, an
   emote that is not where its tag says. Otherwise the result is the same, unless a tag appears
   twice, which Twitch does not send.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from common.extended_message import EmoteRange, ExtendedMessage
from readers.parsing.badges import standing, with_broadcaster
from readers.parsing.emotes import well_placed_ranges
from readers.parsing.extended_any_tags import PRIVMSG, from_any_tags
from readers.parsing.extended_fields import reply, source_fields
from readers.parsing.irc import split_tags, unescape_tag
from readers.parsing.received import ReceivedMessage

# Possessive repetitions, `*+`, never backtrack, so the time is linear in the length of any line.
# `well_placed_ranges` accepts only these characters.
_USUAL_CHAT = re.compile(
    r"@((?:badge-info=([^;]*+);)?+badges=([^;]*+);(?:client-nonce=([^;]*+);)?+"
    r"color=([^;]*+);display-name=([^;]*+);(?:emote-only=(1);)?+"
    r"emotes=([a-zA-Z0-9_:/,-]*+);(?:first-msg=(?:0|(1));)?+(?:flags=([^;]*+);)?+id=([^;]*+);"
    r"mod=([^;]*+);((?:reply-[^;]*+;)*+)(?:returning-chatter=(?:0|(1));)?+room-id=([0-9]++);"
    r"((?:source-[^;]*+;)*+)subscriber=([^;]*+);"
    r"tmi-sent-ts=([1-9][0-9]{0,17}+);turbo=([^;]*+);user-id=([0-9]++);"
    rf"user-type=([^; ]*+)(?:;vip=([^; ]*+))?+) {PRIVMSG}(?!\x01)(.*)",
    re.DOTALL,
)


def extended_fast_path(line: bytes) -> ReceivedMessage | None:
    """
    Return the ExtendedMessage in *line*, or None if `parse_irc` has to parse the line.

    The line may end in CR LF, CR, LF or none of them. Never raises, whatever the bytes.
    """
    decoded = line.decode("utf-8", "replace").rstrip("\r\n")
    found = _USUAL_CHAT.match(decoded)
    if found is None:
        return from_any_tags(decoded)
    # fmt: off
    (
        tags, badge_info, badges, nonce, color, name, emote_only, emotes, first, flags, message_id,
        mod, replied, returning, room_id, shared, subscriber, sent_ms, turbo, user_id, user_type,
        vip, username, channel, text,
    ) = found.groups("")
    # fmt: on
    # A chatter may type text that looks like tags. Real tags end at the first space. To compare its
    # position, as fast_path.py does, would take 0.1 µs more, 4 % of all this.
    if " " in tags:
        return from_any_tags(decoded)
    names: list[str] = []
    ranges: tuple[EmoteRange, ...] = ()
    if emotes:
        placed = well_placed_ranges(emotes, text)
        if placed is None:
            return None
        names, ranges = placed
    shown, held = standing(badge_info, badges, mod, subscriber, vip, turbo, user_type)
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
        emote_ranges=ranges,
        client_nonce=nonce,
    )
    # Few messages have what follows, and each further argument above costs every one 20 ns.
    if flags or emote_only or first or returning:
        message = replace(
            message,
            automod_flags=flags,
            is_emote_only=emote_only != "",
            is_first_message=first != "",
            is_returning_chatter=returning != "",
        )
    if replied:
        message = replace(message, reply=reply(split_tags(replied, {})))
    if shared:
        message = replace(message, **source_fields(split_tags(shared, {}), room_id))
    return ReceivedMessage(message, message_id, 0)
