"""The whole service on a token that lives 20 s, while it is renewed and readers log in anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from common.chat_message import decode_chat_message
from common.token_store import read_token
from simulator.background import BackgroundChatServer
from simulator.chat_session import ChatSession
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication
from tests.auth.people import authorize
from tests.end_to_end.service import START_WITHIN_S, Service, twitch
from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port
from tests.processes import Process, StartProcess, wait_for, wait_for_line
from tests.topics import read_all

LIFE_S = 20

#: Renewals to see; after each, every reader logs in anew. By the last, the first token has expired.
RENEWALS = 3

CHANNELS = ("xqc", "shroud")
MESSAGES = 25


@pytest.fixture
def chat(short_folder: Path) -> Iterator[BackgroundChatServer]:
    """Return a chat server."""
    with twitch(short_folder) as server:
        yield server


@pytest.fixture
def oauth(chat: BackgroundChatServer) -> Iterator[OAuthServer]:
    """Return an OAuth server; the chat server accepts only what it has issued."""
    state = OAuthState(token_life_s=LIFE_S, clock=time.time)
    chat.server.state.tokens = state.valid_tokens
    with OAuthServer(state) as server:
        yield server


@pytest.fixture
def service(
    processes: StartProcess,
    chat: BackgroundChatServer,
    oauth: OAuthServer,
    short_folder: Path,
    kafka: KafkaCluster,
) -> Service:
    """Return an installation of which nothing runs yet, and that knows an application."""
    port = free_port()
    redirect_uri = f"http://localhost:{port}/auth/callback"
    oauth.state.applications["someclient"] = RegisteredApplication("somesecret", (redirect_uri,))
    return Service(
        processes,
        chat,
        short_folder,
        kafka.bootstrap,
        f"renewal-{time.time_ns()}",
        TWITCH_AUTH_URL=oauth.url,
        TWITCH_AUTH_PORT=str(port),
        TWITCH_REDIRECT_URI=redirect_uri,
        TWITCH_CLIENT_ID="someclient",
        TWITCH_CLIENT_SECRET="somesecret",
        TWITCH_USERNAME="somebot",
    )


def log_in(service: Service) -> None:
    """Go through the login with a browser, without one."""
    login = service.start_auth("login")
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", START_WITHIN_S)[0]
    requests.get(authorize(url), timeout=10)
    assert login.wait(START_WITHIN_S) == 0


def has_renewed(keeper: Process, times: int) -> bool:
    """Return whether *keeper* has renewed the token so many *times*."""
    return keeper.output().count("renewed the token of somebot") >= times


def member(chat: BackgroundChatServer, channel: str) -> ChatSession:
    """Return the reader that is in *channel*."""
    (found,) = chat.server.members(channel)
    return found


def reconnect(chat: BackgroundChatServer, channel: str, *, politely: bool) -> None:
    """Have the reader of *channel* connect anew, and wait until it has."""
    old = member(chat, channel)
    if politely:
        chat.run(old.request_reconnect())
    else:
        chat.run(old.misbehave.reset())
    back = chat.server.wait_until(
        lambda: old.closed and len(chat.server.members(channel)) == 1,
        what=f"the reader of #{channel} to be back",
        timeout_s=30,
    )
    chat.run(back)
    account = member(chat, channel).account
    assert account is not None
    assert account.login == "somebot"


def talk(service: Service, said: dict[str, list[str]]) -> None:
    """Say something in every channel, add it to what was *said*, and wait until it is heard."""
    for channel, texts in said.items():
        for _ in range(MESSAGES):
            texts.append(f"{channel} {len(texts)}")
            service.say(channel, texts[-1])
        service.wait_until_received(channel)


def heard(service: Service, kafka: KafkaCluster) -> dict[str, list[str]]:
    """Return what Kafka has, by channel and in the order in which it has it."""
    topic = service.environment["KAFKA_TOPIC_CHAT_MESSAGES"]
    texts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for record in read_all(kafka.bootstrap, topic, timeout_s=30):
        text = decode_chat_message(record.value).message
        texts[text.partition(" ")[0]].append(text)
    return texts


def test_nothing_is_lost_while_tokens_come_and_go(
    service: Service,
    chat: BackgroundChatServer,
    oauth: OAuthServer,
    short_folder: Path,
    kafka: KafkaCluster,
) -> None:
    """Every message that a reader has heard is in Kafka; every login takes a token of its time."""
    log_in(service)
    first = read_token(short_folder / "tokenStore.json")
    assert first is not None
    keeper = service.start_auth()
    service.start_publisher()
    readers = [service.start_reader(channel) for channel in CHANNELS]
    said = {channel: list[str]() for channel in CHANNELS}
    talk(service, said)
    for renewal in range(1, RENEWALS + 1):
        wait_for(partial(has_renewed, keeper, renewal), LIFE_S, f"renewal {renewal}")
        talk(service, said)
        for channel, politely in zip(CHANNELS, (True, False), strict=True):
            reconnect(chat, channel, politely=politely)
        talk(service, said)
    assert first.access_token not in oauth.state.valid_tokens
    assert [reader.stop() for reader in readers] == [0, 0]
    assert keeper.stop() == 0
    outputs = [process.output() for process in (keeper, *readers)]
    assert not any(" ERROR " in output for output in outputs)
    assert not any(first.access_token in output for output in outputs)
    assert heard(service, kafka) == said
