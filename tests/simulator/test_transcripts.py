"""The server's responses, line by line, as Twitch sends them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from simulator.chat_server import ChatServer, JoinRefusal
from tests.simulator.raw_client import CLOSED, RawClient


def welcome(login: str) -> list[str]:
    """Return Twitch's welcome to *login*."""
    return [
        f":tmi.twitch.tv 001 {login} :Welcome, GLHF!",
        f":tmi.twitch.tv 002 {login} :Your host is tmi.twitch.tv",
        f":tmi.twitch.tv 003 {login} :This server is rather new",
        f":tmi.twitch.tv 004 {login} :-",
        f":tmi.twitch.tv 375 {login} :-",
        f":tmi.twitch.tv 372 {login} :You are in a maze of twisty passages, all alike.",
        f":tmi.twitch.tv 376 {login} :>",
    ]


def joined(login: str, channel: str) -> str:
    """Return the line that sends *login* has joined *channel*."""
    return f":{login}!{login}@{login}.tmi.twitch.tv JOIN #{channel}"


def names(login: str, channel: str) -> list[str]:
    """Return the list of names that ends a JOIN."""
    return [
        f":{login}.tmi.twitch.tv 353 {login} = #{channel} :{login}",
        f":{login}.tmi.twitch.tv 366 {login} #{channel} :End of /NAMES list",
    ]


def room_state(channel: str, room_id: str) -> str:
    """Return the ROOMSTATE of *channel*, with tags."""
    return (
        f"@emote-only=0;followers-only=-1;r9k=0;room-id={room_id};slow=0;subs-only=0 "
        f":tmi.twitch.tv ROOMSTATE #{channel}"
    )


@dataclass(frozen=True)
class Transcript:
    """The lines that a client sends on one connection, and all that it receives."""

    name: str
    sends: list[str]
    receives: list[str]


ASK = "CAP REQ :twitch.tv/tags twitch.tv/commands"
GRANTED = ":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands"
ANONYMOUS = ["NICK justinfan7"]
MEMBER = ["PASS oauth:good", "NICK bot"]
USER_TAGS = "badge-info=;badges=;color=;display-name=bot;emote-sets=0;user-type="

TRANSCRIPTS = [
    Transcript(
        "the capabilities are listed",
        ["CAP LS 302"],
        [":tmi.twitch.tv CAP * LS :twitch.tv/tags twitch.tv/commands twitch.tv/membership"],
    ),
    Transcript(
        "granted capabilities are listed and the end of negotiation gets no response",
        ["CAP REQ :twitch.tv/tags", "CAP LIST", "CAP END"],
        [":tmi.twitch.tv CAP * ACK :twitch.tv/tags", ":tmi.twitch.tv CAP * LIST :twitch.tv/tags"],
    ),
    Transcript(
        "one unknown capability makes the server refuse all",
        ["CAP REQ :twitch.tv/tags twitch.tv/foo", "CAP LIST"],
        [
            ":tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/foo",
            ":tmi.twitch.tv CAP * LIST :",
        ],
    ),
    Transcript(
        "an unknown CAP command is an error",
        ["CAP FOO"],
        [":tmi.twitch.tv 410 * FOO :Invalid CAP command"],
    ),
    Transcript("anonymous clients need no password", ANONYMOUS, welcome("justinfan7")),
    Transcript(
        "anonymous clients may give any password",
        ["PASS SCHMOOPIIE", "NICK justinfan7", "USER justinfan7 8 * :justinfan7"],
        welcome("justinfan7"),
    ),
    Transcript("a token logs in", MEMBER, welcome("bot")),
    Transcript(
        "the token and not NICK decides who logs in",
        ["PASS oauth:good", "NICK Somebody"],
        welcome("bot"),
    ),
    Transcript(
        "an account that requested commands gets GLOBALUSERSTATE",
        [ASK, *MEMBER],
        [
            GRANTED,
            *welcome("bot"),
            f"@{USER_TAGS};user-id=118809873 :tmi.twitch.tv GLOBALUSERSTATE",
        ],
    ),
    Transcript(
        "NICK before PASS is refused",
        ["NICK bot", "PASS oauth:good"],
        [":tmi.twitch.tv NOTICE * :Improperly formatted auth", CLOSED],
    ),
    Transcript(
        "a password that is no token is refused",
        ["PASS good", "NICK bot"],
        [":tmi.twitch.tv NOTICE * :Improperly formatted auth", CLOSED],
    ),
    Transcript(
        "an unknown token is refused",
        ["PASS oauth:bad", "NICK bot"],
        [":tmi.twitch.tv NOTICE * :Login authentication failed", CLOSED],
    ),
    Transcript(
        "an invalid name is refused",
        ["PASS oauth:good", "NICK no-such-name"],
        [":tmi.twitch.tv NOTICE * :Invalid NICK", CLOSED],
    ),
    Transcript(
        "a second NICK ends the connection",
        [*ANONYMOUS, "NICK justinfan8"],
        [*welcome("justinfan7"), ":tmi.twitch.tv NOTICE * :NICK already set", CLOSED],
    ),
    Transcript(
        "an anonymous client joins",
        [ASK, *ANONYMOUS, "JOIN #cooking"],
        [
            GRANTED,
            *welcome("justinfan7"),
            joined("justinfan7", "cooking"),
            room_state("cooking", "42"),
            *names("justinfan7", "cooking"),
        ],
    ),
    Transcript(
        "an account joins and gets USERSTATE",
        [ASK, *MEMBER, "JOIN #cooking"],
        [
            GRANTED,
            *welcome("bot"),
            f"@{USER_TAGS};user-id=118809873 :tmi.twitch.tv GLOBALUSERSTATE",
            joined("bot", "cooking"),
            f"@{USER_TAGS};mod=0 :tmi.twitch.tv USERSTATE #cooking",
            room_state("cooking", "42"),
            *names("bot", "cooking"),
        ],
    ),
    Transcript(
        "without commands there is no ROOMSTATE",
        ["CAP REQ :twitch.tv/tags", *ANONYMOUS, "JOIN #cooking"],
        [
            ":tmi.twitch.tv CAP * ACK :twitch.tv/tags",
            *welcome("justinfan7"),
            joined("justinfan7", "cooking"),
            *names("justinfan7", "cooking"),
        ],
    ),
    Transcript(
        "without tags ROOMSTATE has none",
        ["CAP REQ :twitch.tv/commands", *ANONYMOUS, "JOIN #cooking"],
        [
            ":tmi.twitch.tv CAP * ACK :twitch.tv/commands",
            *welcome("justinfan7"),
            joined("justinfan7", "cooking"),
            ":tmi.twitch.tv ROOMSTATE #cooking",
            *names("justinfan7", "cooking"),
        ],
    ),
    Transcript(
        "several channels are joined at once and each only once",
        [*ANONYMOUS, "JOIN #cooking,#running", "JOIN #cooking"],
        [
            *welcome("justinfan7"),
            joined("justinfan7", "cooking"),
            *names("justinfan7", "cooking"),
            joined("justinfan7", "running"),
            *names("justinfan7", "running"),
        ],
    ),
    Transcript(
        "a channel is left",
        [*ANONYMOUS, "JOIN #cooking", "PART #cooking", "PART #cooking", "PART"],
        [
            *welcome("justinfan7"),
            joined("justinfan7", "cooking"),
            *names("justinfan7", "cooking"),
            ":justinfan7!justinfan7@justinfan7.tmi.twitch.tv PART #cooking",
        ],
    ),
    Transcript(
        "a NOTICE explains each refused join",
        [ASK, *ANONYMOUS, "JOIN #suspended,#banned,#closed"],
        [
            GRANTED,
            *welcome("justinfan7"),
            "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #suspended "
            ":This channel does not exist or has been suspended.",
            "@msg-id=msg_banned :tmi.twitch.tv NOTICE #banned "
            ":You are permanently banned from talking in banned.",
            "@msg-id=tos_ban :tmi.twitch.tv NOTICE #closed "
            ":The community has closed channel closed due to Terms of Service violations.",
        ],
    ),
    Transcript(
        "joins of unknown or invalid channels get no response",
        [ASK, *ANONYMOUS, "JOIN #nowhere", "JOIN #Upper", "JOIN", "JOIN #"],
        [GRANTED, *welcome("justinfan7")],
    ),
    Transcript("a join before the login is ignored", ["JOIN #cooking"], []),
    Transcript(
        "PING is answered with its first argument",
        ["PING", "PING abc", "PING :abc def", "PING abc def"],
        [
            "PONG :tmi.twitch.tv",
            ":tmi.twitch.tv PONG tmi.twitch.tv :abc",
            ":tmi.twitch.tv PONG tmi.twitch.tv :abc def",
            ":tmi.twitch.tv PONG tmi.twitch.tv :abc",
        ],
    ),
    Transcript(
        "commands that Twitch ignores and empty lines get no response",
        [*ANONYMOUS, "USER a b c :d", "MODE justinfan7 +i", "PRIVMSG #cooking :hello", "", " "],
        welcome("justinfan7"),
    ),
    Transcript(
        "other commands are unknown",
        [*ANONYMOUS, "WHOIS viewer", "@a=b who #cooking"],
        [
            *welcome("justinfan7"),
            ":tmi.twitch.tv 421 justinfan7 WHOIS :Unknown command",
            ":tmi.twitch.tv 421 justinfan7 WHO :Unknown command",
        ],
    ),
    Transcript("QUIT ends the connection", [*ANONYMOUS, "QUIT"], [*welcome("justinfan7"), CLOSED]),
]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
async def test_the_server_responds_as_twitch_does(transcript: Transcript) -> None:
    """The client receives exactly these lines, in this order."""
    refused = {
        "suspended": JoinRefusal.SUSPENDED,
        "banned": JoinRefusal.BANNED,
        "closed": JoinRefusal.TERMS_OF_SERVICE,
        "nowhere": JoinRefusal.NON_EXISTENT,
    }
    async with (
        ChatServer(
            tokens={"good": "bot"}, room_ids={"cooking": "42"}, refused_joins=refused
        ) as server,
        await RawClient.connect(server.port) as client,
    ):
        client.send(*transcript.sends)

        assert await client.read_responses() == transcript.receives
