"""Options and fixtures of the faults: extent, randomness, stage, verdict; and the final table."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from simulator.background import BackgroundChatServer
from simulator.certificates import server_tls
from simulator.chat_server import ChatServer
from tests.end_to_end.service import Service
from tests.faults.machine import Machine
from tests.faults.options import FULL_ROUNDS, add_row
from tests.faults.report import Allowed, Row, problems
from tests.faults.stage import AT_LEAST_ONCE, CHANNELS, ISOLATION, Stage
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess

NOTHING = Allowed()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the markers."""
    config.addinivalue_line("markers", "each_delivery: runs with each DELIVERY even in a quick run")
    config.addinivalue_line("markers", "at_least_once: tests what exactly-once does not guarantee")
    config.addinivalue_line("markers", "long: takes too long for a quick run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with every DELIVERY; in a quick run only tests marked `each_delivery`."""
    if "delivery" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker
    wants_both = metafunc.config.getoption("--full") or marker("each_delivery")
    takes_both = wants_both and not marker("at_least_once")
    metafunc.parametrize("delivery", list(ISOLATION) if takes_both else [AT_LEAST_ONCE])


@dataclass(frozen=True)
class Extent:
    """How long and how often faults happen, in a quick or in a full run."""

    full: bool
    given_rounds: int | None

    def rounds(self, quick: int, full: int = FULL_ROUNDS) -> int:
        """Return how often a fault is repeated."""
        return self.given_rounds or (full if self.full else quick)

    def seconds(self, quick: float, full: float) -> float:
        """Return how long a fault lasts."""
        return full if self.full else quick


@pytest.fixture
def extent(request: pytest.FixtureRequest) -> Extent:
    """Return the extent of this run."""
    option = request.config.getoption
    return Extent(option("--full"), option("--rounds"))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Return a generator that is the same for the same seed and test, in any selection of tests."""
    return random.Random(f"{request.config.option.seed} {request.node.name}")


class SetStage(Protocol):
    """The type of `set_stage`."""

    def __call__(
        self,
        bootstrap: str,
        *,
        twitch_host: str = "",
        readers_on: Machine | None = None,
        padding: str = "",
        **environment: str,
    ) -> Stage:
        """Make a Stage with the Kafka at *bootstrap*. Twitch has TLS, unless at *twitch_host*."""


@pytest.fixture
def set_stage(
    processes: StartProcess, short_folder: Path, topic: str, delivery: str
) -> Iterator[SetStage]:
    """Yield a function that makes a Stage whose processes do not run yet."""
    with ExitStack() as stack:

        def make(
            bootstrap: str,
            *,
            twitch_host: str = "",
            readers_on: Machine | None = None,
            padding: str = "",
            **environment: str,
        ) -> Stage:
            server = ChatServer(host=twitch_host) if twitch_host else None
            server = server or ChatServer(tls=server_tls(short_folder))
            chat = stack.enter_context(BackgroundChatServer(server))
            if twitch_host:
                environment |= {"TWITCH_IRC_HOST": twitch_host, "TWITCH_IRC_TLS": "false"}
            environment["DELIVERY"] = delivery
            service = Service(processes, chat, short_folder, bootstrap, topic, **environment)
            stage = Stage(
                processes, chat, service, delivery, readers_on=readers_on, padding=padding
            )
            stack.enter_context(stage.audit)
            return stage

        yield make


@pytest.fixture
def stage(set_stage: SetStage, real_kafka: KafkaCluster) -> Stage:
    """Return a Stage on this machine whose processes do not run yet."""
    return set_stage(real_kafka.bootstrap)


class Conclude(Protocol):
    """The type of `conclude`."""

    def __call__(
        self,
        stage: Stage,
        fault: str,
        *,
        rounds: int = 1,
        allowed: Allowed = NOTHING,
    ) -> None:
        """Judge *stage*, add a row to the table, and fail the test on errors."""


@pytest.fixture
def conclude(request: pytest.FixtureRequest, delivery: str) -> Conclude:
    """
    Return a function that judges a Stage at the end of a test.

    Besides what is *allowed*, readers may go back when a publisher was killed, with at-least-once.
    """

    def judge_and_report(
        stage: Stage, fault: str, *, rounds: int = 1, allowed: Allowed = NOTHING
    ) -> None:
        verdict = stage.verdict()
        add_row(request.node, Row(fault, delivery, rounds, verdict))
        if delivery == AT_LEAST_ONCE:
            went_back = stage.publisher_kills * len(CHANNELS)
            allowed = dataclasses.replace(allowed, went_back=went_back)
        if found := problems(verdict, allowed):
            replay = _replay(request)
            pytest.fail("\n".join([f"{fault} (replay: {replay})", *found]), pytrace=False)

    return judge_and_report


def _replay(request: pytest.FixtureRequest) -> str:
    """Return the command that runs the same again."""
    is_full = request.config.getoption("--full")
    script = "scripts/faults" if is_full else "scripts/test tests/faults"
    return f"{script} --seed {request.config.option.seed} -k {request.function.__name__}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set time-outs for full runs; skip long tests in quick runs."""
    if config.getoption("--full"):
        rounds = config.getoption("--rounds") or FULL_ROUNDS
        for item in items:
            item.add_marker(pytest.mark.timeout(240 + 15 * rounds))
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="takes long; run it with scripts/faults"))
