"""What moderators and events look like to a client, and what a client that joins later is told."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from simulator.chat_server import ChatServer
from simulator.logins import made_up_id
from tests.simulator.conftest import Connect
from tests.simulator.raw_client import RawClient

Action = Callable[[ChatServer], Awaitable[int]]

CHANNEL = "cooking"
CAPABILITIES = ("twitch.tv/tags", "twitch.tv/commands")
SENT = r"tmi-sent-ts=\d{13}"
ROOM_ID = made_up_id(f"#{CHANNEL}")
ALICE = made_up_id("alice")

ACTIONS: list[tuple[Action, str]] = [
    (
        lambda server: server.moderator.ban(CHANNEL, "alice"),
        f"@room-id={ROOM_ID};target-user-id={ALICE};{SENT} "
        ":tmi.twitch.tv CLEARCHAT #cooking :alice",
    ),
    (
        lambda server: server.moderator.time_out(CHANNEL, "alice", seconds=5, user_id="7"),
        f"@ban-duration=5;room-id={ROOM_ID};target-user-id=7;{SENT} "
        ":tmi.twitch.tv CLEARCHAT #cooking :alice",
    ),
    (
        lambda server: server.moderator.clear(CHANNEL),
        f"@room-id={ROOM_ID};{SENT} :tmi.twitch.tv CLEARCHAT #cooking",
    ),
    (
        lambda server: server.moderator.delete(CHANNEL, "m-1", login="alice", text="oh no"),
        f"@login=alice;room-id=;target-msg-id=m-1;{SENT} :tmi.twitch.tv CLEARMSG #cooking :oh no",
    ),
    (
        lambda server: server.moderator.change_settings(CHANNEL, {"slow": "30"}),
        f"@room-id={ROOM_ID};slow=30 :tmi.twitch.tv ROOMSTATE #cooking",
    ),
    (
        lambda server: server.notice_event(
            CHANNEL,
            "resub",
            login="alice",
            text="hello again",
            params={"cumulative-months": "7"},
            tags={"id": "n-1", "badges": "subscriber/6"},
        ),
        "@badge-info=;badges=subscriber/6;color=;display-name=alice;emotes=;flags=;id=n-1;"
        f"login=alice;mod=0;msg-id=resub;msg-param-cumulative-months=7;room-id={ROOM_ID};"
        f"subscriber=0;system-msg=;{SENT};user-id={ALICE};user-type=;vip=0 "
        ":tmi.twitch.tv USERNOTICE #cooking :hello again",
    ),
    (
        lambda server: server.raid(CHANNEL, login="alice", viewers=15),
        "@badge-info=;badges=;color=;display-name=alice;emotes=;flags=;id=[0-9a-f-]{36};"
        "login=alice;mod=0;msg-id=raid;msg-param-displayName=alice;msg-param-login=alice;"
        f"msg-param-viewerCount=15;room-id={ROOM_ID};subscriber=0;"
        rf"system-msg=15\\sraiders\\sfrom\\salice\\shave\\sjoined!;{SENT};user-id={ALICE};"
        "user-type=;vip=0 :tmi.twitch.tv USERNOTICE #cooking",
    ),
]


async def joined(client: RawClient, login: str, *capabilities: str) -> list[str]:
    """Log in and join; return the responses to the JOIN."""
    await client.log_in(login, *capabilities)
    return await client.join(CHANNEL)


@pytest.mark.parametrize(("act", "line"), ACTIONS)
async def test_an_action_is_the_line_of_twitch(
    server: ChatServer, connect: Connect, act: Action, line: str
) -> None:
    """A member gets it as it is. A member that did not ask for Twitch's commands gets nothing."""
    member, bare = await connect(), await connect()
    await joined(member, "justinfan1", *CAPABILITIES)
    await joined(bare, "justinfan2", "twitch.tv/tags")

    assert await act(server) == 2

    (received,) = await member.read_responses()
    assert re.fullmatch(line, received), received
    assert await bare.read_responses() == []


async def test_commands_without_tags_are_sent_to_who_did_not_ask_for_tags(
    server: ChatServer, connect: Connect
) -> None:
    """The same lines, but for the tags."""
    member = await connect()
    await joined(member, "justinfan1", "twitch.tv/commands")

    for act, _line in ACTIONS:
        await act(server)

    assert await member.read_responses() == [re.sub(r"^\S+ ", "", line) for _act, line in ACTIONS]


async def test_a_banned_client_is_removed_and_cannot_join_again(
    server: ChatServer, connect: Connect
) -> None:
    """It gets its own PART, and the NOTICE of a ban instead of a JOIN. Others stay."""
    client, other = await connect(), await connect()
    await joined(client, "alice", *CAPABILITIES)
    await joined(other, "bob", *CAPABILITIES)

    await server.moderator.ban(CHANNEL, "alice")

    cleared, parted = await client.read_responses()
    assert cleared.endswith("CLEARCHAT #cooking :alice")
    assert parted == ":alice!alice@alice.tmi.twitch.tv PART #cooking"
    assert [member.name for member in server.members(CHANNEL)] == ["bob"]
    assert await client.join(CHANNEL) == [
        "@msg-id=msg_banned :tmi.twitch.tv NOTICE #cooking "
        ":You are permanently banned from talking in cooking."
    ]


async def test_a_client_that_was_timed_out_stays(server: ChatServer, connect: Connect) -> None:
    """It may read on, and join again."""
    client = await connect()
    await joined(client, "alice", *CAPABILITIES)

    await server.moderator.time_out(CHANNEL, "alice")

    (cleared,) = await client.read_responses()
    assert cleared.startswith("@ban-duration=600;")
    assert [member.name for member in server.members(CHANNEL)] == ["alice"]


async def test_who_joins_later_is_told_the_settings_of_now(
    server: ChatServer, connect: Connect
) -> None:
    """All of them. The settings of another channel are its own."""
    await server.moderator.change_settings(CHANNEL, {"slow": "30", "followers-only": "10"})
    await server.moderator.change_settings(CHANNEL, {"slow": "0", "subs-only": "1"})
    client = await connect()

    responses = await joined(client, "justinfan1", *CAPABILITIES)
    elsewhere = await client.join("running")

    told = f"@emote-only=0;followers-only=10;r9k=0;room-id={ROOM_ID};slow=0;subs-only=1"
    assert f"{told} :tmi.twitch.tv ROOMSTATE #cooking" in responses
    assert any(line.startswith("@emote-only=0;followers-only=-1;r9k=0;") for line in elsewhere)
