"""The health checks, by the parts of the service that a host has."""

from __future__ import annotations

import pytest

from common.status.publisher_status import PublisherState
from common.status.reader_status import ReaderState
from monitor.collection.health import live, ready
from monitor.collection.host import Host
from tests.monitor.collection.hosts import (
    NOON_MS,
    auth,
    host,
    login,
    publisher,
    reader,
    supervised,
)

OK = "ok"
PAUSING = ReaderState.PAUSING
SUPERVISED = supervised(publisher="RUNNING", auth="RUNNING", xqc="RUNNING", forsen="RUNNING")


def failing(checks: dict[str, str]) -> dict[str, str]:
    """Return the checks that fail."""
    return {name: reason for name, reason in checks.items() if reason != OK}


def test_a_host_without_pages_is_live_but_not_ready() -> None:
    """Processes may take their time to start."""
    assert live(host()) == {"monitor": OK}
    assert ready(host()) == {"pages": "no process has written a status page yet"}


def test_a_healthy_host_names_all_checks() -> None:
    """Of the parts that it has."""
    whole = host(
        readers={"xqc": reader(), "forsen": reader()},
        publisher=publisher(),
        auth=login(),
        programs=SUPERVISED,
    )
    names = ["monitor", "supervisord", "publisher", "auth"]
    assert live(whole) == dict.fromkeys(names, OK)
    names = ["channels", "disk", "publisher", "kafka", "confirmations", "login"]
    assert ready(whole) == dict.fromkeys(names, OK)


@pytest.mark.parametrize(
    ("seen", "reasons"),
    [
        (host(10, publisher=publisher()), {}),
        (host(11, publisher=publisher()), {"publisher": "it hangs for 11 s"}),
        # A restart does not help against these.
        (host(publisher=publisher(kafka_is_reachable=False)), {}),
        (host(publisher=publisher(state=PublisherState.BEGINNING)), {}),
        (host(readers={"xqc": reader(state=PAUSING)}), {}),
        (host(auth=login(is_valid=False)), {}),
        # Without supervisord, whatever runs the containers restarts what has ended.
        (host(publisher=publisher(runs=False)), {"publisher": "its process does not run"}),
        (host(publisher=publisher(runs=False), programs=SUPERVISED), {}),
        (host(39, readers={"xqc": reader()}), {}),
        (host(41, readers={"xqc": reader()}), {"readers": "it hangs for 41 s"}),
        (host(readers={"xqc": reader(runs=False)}), {"readers": "its process does not run"}),
        # One of many readers under supervisord is no reason to restart them all.
        (host(400, readers={"xqc": reader()}, programs=SUPERVISED), {}),
        (host(59, auth=auth()), {}),
        (host(61, auth=auth()), {"auth": "it hangs for 61 s"}),
        (host(supervisord_problem="it hangs"), {"supervisord": "it hangs"}),
    ],
)
def test_only_what_a_restart_helps_makes_a_host_not_live(
    seen: Host, reasons: dict[str, str]
) -> None:
    """Each check that fails says why."""
    assert failing(live(seen)) == reasons


def channels(present: int, wanted: int) -> Host:
    """Return a host with so many readers, of which some are in their channels."""
    states = [ReaderState.IN_CHANNEL] * present + [PAUSING] * (wanted - present)
    return host(readers={f"c{place}": reader(state=state) for place, state in enumerate(states)})


def unconfirmed(after_s: float) -> Host:
    """Return a host whose publisher works, and has waited for a confirmation since noon."""
    turned_ms = NOON_MS + round(after_s * 1000)
    page = publisher(turned_ms=turned_ms, unconfirmed=1, oldest_unconfirmed_ms=NOON_MS)
    return host(after_s, publisher=page)


@pytest.mark.parametrize(
    ("seen", "reasons"),
    [
        (channels(1, 1), {}),
        (channels(0, 1), {"channels": "0 of 1 readers are in their channel"}),
        (channels(1, 2), {}),
        (channels(1, 3), {"channels": "1 of 3 readers are in their channel"}),
        (channels(95, 100), {}),
        (channels(94, 100), {"channels": "94 of 100 readers are in their channel"}),
        (
            host(
                readers={"xqc": reader()}, programs=supervised(xqc="RUNNING", a="FATAL", b="FATAL")
            ),
            {"channels": "1 of 3 readers are in their channel"},
        ),
        (
            host(readers={"xqc": reader(unwritten=2)}),
            {"disk": "it refuses what 1 reader received"},
        ),
        # Also while Kafka takes all that comes, so nothing waits in memory.
        (host(readers={"xqc": reader()}, free_bytes=0), {"disk": "it is full"}),
        # Its messages wait on disk.
        (host(readers={"xqc": reader(waiting=5, oldest_waiting_ms=NOON_MS - 900_000)}), {}),
        # What their pages say is old.
        (host(41, readers={"xqc": reader()}), {"channels": "0 of 1 readers are in their channel"}),
        (host(11, publisher=publisher()), {"publisher": "it hangs for 11 s"}),
        (host(61, auth=login()), {"login": "auth hangs for 61 s"}),
        (host(publisher=publisher(runs=False)), {"publisher": "its process does not run"}),
        (
            host(publisher=publisher(state=PublisherState.BEGINNING, kafka_is_reachable=False)),
            {"publisher": "it is beginning a session", "kafka": "it cannot be reached"},
        ),
        (unconfirmed(59), {}),
        (
            unconfirmed(61),
            {"confirmations": "the oldest is due for 61 s"},
        ),
        (host(auth=auth()), {}),
        (host(auth=auth(problem="the store is damaged")), {"login": "auth cannot use it"}),
        (host(auth=auth(runs=False)), {"login": "auth does not run"}),
        (host(auth=login(is_valid=False)), {"login": "it is not valid"}),
        # Twitch was away since the start.
        (host(auth=login(is_valid=False, validated_ms=0)), {}),
        (host(auth=login(expires_ms=NOON_MS + 61_000)), {}),
        (host(auth=login(expires_ms=NOON_MS + 59_000)), {"login": "it ends within a minute"}),
        (host(auth=login(expires_ms=0)), {}),
    ],
)
def test_what_does_not_take_part_is_not_ready(seen: Host, reasons: dict[str, str]) -> None:
    """Each check that fails says why."""
    assert failing(ready(seen)) == reasons


def test_reasons_hold_nothing_that_others_tell() -> None:
    """Anybody may ask for them: no names, no addresses, no texts of Twitch or Kafka."""
    secret = "SECRET"
    seen = host(
        9,
        readers={secret: reader(state=PAUSING, problem=secret, unwritten=1)},
        publisher=publisher(
            state=PublisherState.BEGINNING,
            problem=secret,
            kafka_brokers=secret,
            kafka_is_reachable=False,
        ),
        auth=login(login=secret, problem=secret, is_valid=False),
    )
    assert len(failing(ready(seen))) == 5
    assert secret not in str((live(seen), ready(seen)))
