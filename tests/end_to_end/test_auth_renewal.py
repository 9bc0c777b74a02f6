"""The whole service with a token that expires after 20 s, while readers log in again."""

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
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port
from tests.processes import Process, StartProcess, wait_for, wait_for_line
from tests.topics import read_all

LIFE_S = 20

#: Renewals to wait for. Every reader logs in again after each. The first token expires meanwhile.
RENEWALS = 3

CHANNELS = ("xqc", "shroud")
MESSAGES = 25


@pytest.fixture
def oauth(chat: BackgroundChatServer) -> Iterator[OAuthServer]:
    """Yield an OAuth server; the chat server accepts only its tokens."""
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
    """Return an installation with a registered application. Nothing runs yet."""
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
    """Go through the browser login with HTTP requests."""
    login = service.start_auth("login")
    url = wait_for_line(login, r"http://localhost:\d+/auth\b", START_WITHIN_S)[0]
    requests.get(authorize(url), timeout=60)
    assert login.wait(START_WITHIN_S) == 0


def has_renewed(auth: Process, times: int) -> bool:
    """Return whether *auth* has renewed the token at least *times* times."""
    return auth.output().count("renewed the token of somebot") >= times


def member(chat: BackgroundChatServer, channel: str) -> ChatSession:
    """Return the reader that is in *channel*."""
    (found,) = chat.server.members(channel)
    return found


def reconnect(chat: BackgroundChatServer, channel: str, *, by_request: bool) -> None:
    """Make the reader of *channel* reconnect, by a RECONNECT or a reset, and wait for it."""
    old = member(chat, channel)
    if by_request:
        chat.run(old.request_reconnect())
    else:
        chat.run(old.misbehave.reset())
    reconnected = chat.server.wait_until(
        lambda: old.closed and len(chat.server.members(channel)) == 1,
        what=f"the reader of #{channel} to reconnect",
        timeout_s=30,
    )
    chat.run(reconnected)
    account = member(chat, channel).account
    assert account is not None
    assert account.login == "somebot"


def send_messages(service: Service, sent: dict[str, list[str]]) -> None:
    """Send messages in every channel, add them to *sent*, and wait until they are received."""
    for channel, texts in sent.items():
        for _ in range(MESSAGES):
            texts.append(f"{channel} {len(texts)}")
            service.say(channel, texts[-1])
        service.wait_until_received(channel)


def published(service: Service, kafka: KafkaCluster) -> dict[str, list[str]]:
    """Return the texts in Kafka by channel, in order."""
    topic = service.environment["KAFKA_TOPIC_CHAT_MESSAGES"]
    texts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
    for record in read_all(kafka.bootstrap, topic, timeout_s=30):
        text = decode_chat_message(record.value).message
        texts[text.partition(" ")[0]].append(text)
    return texts


def test_no_message_is_lost_while_tokens_are_renewed(
    service: Service,
    chat: BackgroundChatServer,
    oauth: OAuthServer,
    short_folder: Path,
    kafka: KafkaCluster,
) -> None:
    """Every received message is published. Every login uses a valid token."""
    log_in(service)
    first = read_token(short_folder / "tokenStore.json")
    assert first is not None
    auth = service.start_auth()
    service.start_publisher()
    readers = [service.start_reader(channel) for channel in CHANNELS]
    sent = {channel: list[str]() for channel in CHANNELS}
    send_messages(service, sent)
    for renewal in range(1, RENEWALS + 1):
        wait_for(partial(has_renewed, auth, renewal), 3 * LIFE_S, f"renewal {renewal}")
        send_messages(service, sent)
        for channel, by_request in zip(CHANNELS, (True, False), strict=True):
            reconnect(chat, channel, by_request=by_request)
        send_messages(service, sent)
    assert first.access_token not in oauth.state.valid_tokens
    assert [reader.stop() for reader in readers] == [0, 0]
    assert auth.stop() == 0
    outputs = [process.output() for process in (auth, *readers)]
    assert not any(" ERROR " in output for output in outputs)
    assert not any(first.access_token in output for output in outputs)
    assert published(service, kafka) == sent
