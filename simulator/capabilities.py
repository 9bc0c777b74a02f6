"""
IRCv3 capabilities: which ones a client can request, and which lines need them.

Twitch sends tags only to clients that requested `twitch.tv/tags`, and its own commands only to
clients that requested `twitch.tv/commands` (https://dev.twitch.tv/docs/chat/irc/, "Requesting
Twitch Capabilities").
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.chat_lines import build_line

COMMANDS = "twitch.tv/commands"
MEMBERSHIP = "twitch.tv/membership"
TAGS = "twitch.tv/tags"

#: In Twitch's order.
ALL = (TAGS, COMMANDS, MEMBERSHIP)

_TWITCH_COMMANDS = {
    b"CLEARCHAT",
    b"CLEARMSG",
    b"GLOBALUSERSTATE",
    b"HOSTTARGET",
    b"NOTICE",
    b"RECONNECT",
    b"ROOMSTATE",
    b"USERNOTICE",
    b"USERSTATE",
    b"WHISPER",
}


def negotiate(parameters: Sequence[str], active: set[str]) -> bytes:
    """Return the response to a CAP with *parameters*; add granted capabilities to *active*."""
    subcommand = parameters[0].upper() if parameters else ""
    if subcommand == "LS":
        return build_line("CAP", "*", "LS", text=" ".join(ALL))
    if subcommand == "LIST":
        return build_line("CAP", "*", "LIST", text=" ".join(sorted(active)))
    if subcommand == "END":
        return b""
    if subcommand != "REQ" or len(parameters) < 2:
        return build_line("410", "*", *parameters[:1], text="Invalid CAP command")
    wanted = parameters[1].split()
    if not set(wanted) <= set(ALL):
        return build_line("CAP", "*", "NAK", text=parameters[1])
    active.update(wanted)
    return build_line("CAP", "*", "ACK", text=parameters[1])


def adapt(lines: bytes, active: set[str]) -> bytes:
    """Return the part of *lines* that a client with the *active* capabilities gets."""
    if TAGS in active and COMMANDS in active:
        return lines
    adapted = (_adapt_line(line, active) for line in lines.splitlines(keepends=True))
    return b"".join(adapted)


def _adapt_line(line: bytes, active: set[str]) -> bytes:
    bare = line.partition(b" ")[2] if line.startswith(b"@") else line
    unprefixed = bare.partition(b" ")[2] if bare.startswith(b":") else bare
    command = unprefixed.split(b" ", 1)[0].rstrip()
    if command in _TWITCH_COMMANDS and COMMANDS not in active:
        return b""
    return line if TAGS in active else bare
