"""Chat lines as Twitch sends them, with made-up people, and helpers that parse a line."""

from __future__ import annotations

from common.chat_message import ChatMessage, encode_chat_message
from common.extended_message import ExtendedMessage
from readers.parsing.chat_parser import received_message
from readers.parsing.extended_fast_path import extended_fast_path
from readers.parsing.extended_parser import extended_received_message
from readers.parsing.fast_path import fast_path
from readers.parsing.irc import parse_irc
from readers.parsing.received import ReceivedMessage

ROOM_ID = "987654"
NOW_MS = 1_800_000_000_000

# In the order of Twitch's tags, escaped as on the wire.
TAGS = {
    "badge-info": "subscriber/22",
    "badges": "moderator/1,subscriber/12",
    "client-nonce": "ec682d2912f0ae95f60b53ce821ee88e",
    "color": "#1E90FF",
    "display-name": r"Rosy\sFinch",
    "emotes": "",
    "first-msg": "0",
    "flags": "",
    "id": "33445373-4dcf-46a5-b2a9-2eb9db2386a5",
    "mod": "1",
    "returning-chatter": "0",
    "room-id": "11223344",
    "subscriber": "1",
    "tmi-sent-ts": "1704557984095",
    "turbo": "0",
    "user-id": "55667788",
    "user-type": "mod",
}


def line(text: str, changes: dict[str, str] | None = None, command: str = "PRIVMSG") -> bytes:
    """Return a line as Twitch sends it; *changes*, still escaped, replace or add tags."""
    raw_tags = ";".join(f"{name}={value}" for name, value in (TAGS | (changes or {})).items())
    source = (
        "rosyfinch!rosyfinch@rosyfinch.tmi.twitch.tv" if command == "PRIVMSG" else "tmi.twitch.tv"
    )
    return f"@{raw_tags} :{source} {command} #birdwatch :{text}\r\n".encode()


#: Lines that no fast path takes: the full parser decides whether they are messages.
UNUSUAL_LINES = [
    line("hi", {"room-id": r"1\:2"}),
    line("hi", {"user-id": "4" + "\u0664"}),
    line("hi", {"tmi-sent-ts": "0"}),
    line("hi", {"tmi-sent-ts": "9" * 19}),
    line("hi", {"emotes": "25:0-4"}),
    line("Kappa", {"emotes": "25:0-4],[0-4"}),
    line("hi", {"msg-id": "announcement"}, "USERNOTICE"),
    line("hi").replace(b" :rosyfinch!", b"  :rosyfinch!"),
    line("hi").replace(b" :rosyfinch!", b" :RosyFinch!"),
    line("hi").replace(b"#birdwatch", b"rosyfinch"),
    line("hi").replace(b"@", b":"),
    # A missing tag is not read from the text instead.
    line(";user-id=1; :ann!a PRIVMSG #b :hi").replace(b"user-id=55667788;", b"", 1),
    b"",
]


def parsed_line(raw: bytes) -> ReceivedMessage | None:
    """
    Parse a line with a fixed room and time. If the fast path can parse it, both must agree.

    The extended message of the line must begin as its message does.
    """
    irc = parse_irc(raw)
    received = None if irc is None else received_message(irc, room_id=ROOM_ID, now_ms=NOW_MS)
    assert fast_path(raw) in (None, received)
    extended = extended_line(raw)
    if received is None:
        assert extended is None
    else:
        assert extended is not None
        assert (extended.id, extended.skipped_emotes) == (received.id, received.skipped_emotes)
        beginning = encode_chat_message(received.message).removesuffix(b"}")
        assert encode_chat_message(extended.message).startswith(beginning)
    return received


def extended_line(raw: bytes) -> ReceivedMessage | None:
    """Parse a line to an ExtendedMessage, as `parsed_line` does."""
    irc = parse_irc(raw)
    received = (
        None if irc is None else extended_received_message(irc, room_id=ROOM_ID, now_ms=NOW_MS)
    )
    fast = extended_fast_path(raw)
    assert fast in (None, received)
    for parsed in (fast, received):
        assert parsed is None or isinstance(parsed.message, ExtendedMessage)
    return received


def extended_message(raw: bytes) -> ExtendedMessage:
    """Parse a line that has a message to an ExtendedMessage."""
    received = extended_line(raw)
    assert received is not None
    assert isinstance(received.message, ExtendedMessage)
    return received.message


def parsed_message(raw: bytes) -> ChatMessage:
    """Parse a line that has a message and no wrong emote positions."""
    received = parsed_line(raw)
    assert received is not None
    assert received.skipped_emotes == 0
    return received.message
