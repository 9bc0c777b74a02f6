"""A real Prometheus scrapes the real service: the dashboard and the alerts get their answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from common.token_store import locked_token_store
from simulator.background import BackgroundChatServer
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import Grant, OAuthState, RegisteredApplication
from tests.common.store_writers import TOKEN
from tests.deploy.manifests import alerts
from tests.deploy.panels import Query, dashboard_queries
from tests.deploy.prometheus_server import PrometheusServer, soon
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.processes import StartProcess, wait_for

_CHANNELS = ("kitchen", "lounge")

#: Several scrapes, each followed by an evaluation of the alerts, on a busy machine.
_WITHIN_S = 60


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Iterator[Path]:
    """Yield a folder in which supervisord can be started, for two channels and with a login."""
    channels = "\n".join(_CHANNELS)
    prepare(short_folder, chat_port=twitch.port, channels=f"{channels}\n")
    state = OAuthState(applications={TOKEN.client_id: RegisteredApplication(secret=None)})
    granted = state.issue(Grant(TOKEN.client_id, TOKEN.login, TOKEN.scopes))
    token = msgspec.structs.replace(
        TOKEN,
        access_token=str(granted["access_token"]),
        refresh_token=str(granted["refresh_token"]),
        obtained_at=time.time(),
        expires_at=time.time() + state.token_life_s,
    )
    with OAuthServer(state) as oauth:
        with (short_folder / ".env").open("a") as file:
            file.write(f"TWITCH_AUTH_URL={oauth.url}\n")
            file.write("KAFKA_CONF_STATISTICS_INTERVAL_MS=1000\n")
        with locked_token_store(short_folder / "tokenStore.json") as store:
            store.write(token)
        yield short_folder


@contextmanager
def talk(twitch: BackgroundChatServer) -> Iterator[None]:
    """Say something in each channel, ten times a second, meanwhile."""
    is_over = threading.Event()

    def say() -> None:
        while not is_over.wait(0.1):
            for channel in _CHANNELS:
                twitch.run(twitch.server.say(channel, "hello"))

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize("per_channel", [True, False], ids=["each channel", "summed"])
def test_every_query_is_answered_and_no_alert_fires(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer, per_channel: bool
) -> None:
    """While all is well. A query that answers nothing is a panel that stays empty."""
    with (folder / ".env").open("a") as file:
        file.write(f"METRICS_PER_CHANNEL={str(per_channel).lower()}\n")
    service = SupervisedService(processes, folder)
    wait_until_joined(twitch, *_CHANNELS)
    monitor = service.monitor_address()
    prometheus = PrometheusServer(processes, folder, monitor)
    with talk(twitch):
        empty = dashboard_queries()

        def all_answer() -> bool:
            empty[:] = [query for query in empty if not prometheus.values(soon(query.expression))]
            return not empty

        try:
            wait_for(all_answer, _WITHIN_S, "an answer to every query")
        except TimeoutError as error:
            error.add_note(_texts(empty))
            error.add_note(service.supervisord.tail())
            raise
        rules = prometheus.rules()
    assert rules.keys() == {alert["alert"] for alert in alerts()}
    assert {rule["health"] for rule in rules.values()} == {"ok"}
    assert [name for name, rule in rules.items() if rule["state"] == "firing"] == []


def test_a_publisher_that_was_stopped_is_told(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> None:
    """Two alerts wait for their two minutes to pass: it does not run, and nothing is published."""
    service = SupervisedService(processes, folder)
    wait_until_joined(twitch, *_CHANNELS)
    monitor = service.monitor_address()
    prometheus = PrometheusServer(processes, folder, monitor)
    published = "sum(twitch_ingestion_published_messages_total) > 0"
    with talk(twitch):
        wait_for(lambda: prometheus.values(published), _WITHIN_S, "a message in Kafka")
        expected = {"TwitchIngestionDown", "TwitchIngestionPublisherStalled"}
        # While the service starts, there may be some.
        wait_for(lambda: not expected & prometheus.alerts().keys(), _WITHIN_S, "no such alert")
        service.control("stop", "publisher")
        wait_for(lambda: expected <= prometheus.alerts().keys(), _WITHIN_S, "both alerts")
        summary = prometheus.alerts()["TwitchIngestionDown"]
    assert summary == f"publisher on {monitor} does not run"


def _texts(queries: list[Query]) -> str:
    return "\n".join(f"empty: {each.panel} ({each.legend}): {each.expression}" for each in queries)
