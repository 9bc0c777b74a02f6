"""A key is revoked while its host is connected: all connections are cut, and only others return."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq
from zmq.utils.monitor import parse_monitor_message

from common.curve import PublisherKeys, ReaderKeys, secure_client
from common.key_files import PUBLISHER_PAIR, read_pair
from publisher.link.sockets import BindError, LinkSockets
from tests.publisher.link.curve_peers import Hosts

_WITHIN_MS = 20_000

_CONNECTED = zmq.Event.HANDSHAKE_SUCCEEDED
_CUT = zmq.Event.DISCONNECTED
_REFUSED = zmq.Event.HANDSHAKE_FAILED_AUTH

Connect = Callable[[int, str, ReaderKeys], "zmq.Socket[bytes]"]


@pytest.fixture
def hosts(short_folder: Path) -> Hosts:
    """Return a publisher's keys."""
    return Hosts(short_folder / "var", short_folder)


@pytest.fixture
def keys(hosts: Hosts) -> PublisherKeys:
    """Return the same as the publisher reads them."""
    pair = read_pair(hosts.keys / PUBLISHER_PAIR)
    assert pair is not None
    return PublisherKeys(pair, hosts.keys)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a function that connects a new socket, and returns the socket's monitor."""
    context, sockets = zmq.Context(), []

    def connect(kind: int, endpoint: str, keys: ReaderKeys) -> zmq.Socket[bytes]:
        socket = context.socket(kind)
        sockets.append(socket)
        secure_client(socket, keys)
        socket.setsockopt(zmq.RECONNECT_IVL, 10)
        monitor: zmq.Socket[bytes] = socket.get_monitor_socket(_CONNECTED | _CUT | _REFUSED)
        socket.connect(endpoint)
        assert _next_event(monitor) == _CONNECTED
        return monitor

    yield connect
    context.destroy(linger=0)


def _next_event(monitor: zmq.Socket[bytes]) -> int:
    assert monitor.poll(_WITHIN_MS), "nothing has happened to the connection"
    return int(parse_monitor_message(monitor.recv_multipart())["event"])


def test_only_hosts_that_are_still_admitted_connect_again(
    hosts: Hosts, keys: PublisherKeys, connect: Connect
) -> None:
    """To both sockets, at the same addresses."""
    ours, leaving = hosts.admit("ours"), hosts.admit("leaving")
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys) as sockets:
        ends = ((zmq.PUSH, sockets.batches_endpoint), (zmq.SUB, sockets.acknowledgements_endpoint))
        stay = [connect(*end, ours) for end in ends]
        leave = [connect(*end, leaving) for end in ends]
        hosts.revoke("leaving")

        sockets.reload_keys()

        for monitor in stay:
            assert (_next_event(monitor), _next_event(monitor)) == (_CUT, _CONNECTED)
        for monitor in leave:
            assert (_next_event(monitor), _next_event(monitor)) == (_CUT, _REFUSED)


def test_a_new_key_cuts_no_connection(hosts: Hosts, keys: PublisherKeys, connect: Connect) -> None:
    """Its host is admitted to the sockets as they are."""
    ours = hosts.admit("ours")
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys) as sockets:
        monitor = connect(zmq.PUSH, sockets.batches_endpoint, ours)
        new = hosts.admit("new")
        sockets.reload_keys()
        connect(zmq.PUSH, sockets.batches_endpoint, new)
        assert not monitor.poll(0)


@pytest.mark.parametrize("setting", ["PUBLISHER_BIND", "PUBLISHER_ACK_BIND"])
def test_an_address_that_cannot_be_bound_again_is_an_error(
    hosts: Hosts,
    keys: PublisherKeys,
    short_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    """The error names the setting."""
    monkeypatch.setattr("publisher.link.sockets._FREE_WITHIN_S", 0.0)
    hosts.admit("leaving")
    folder = short_folder / "ipc"
    folder.mkdir()
    # Unix sockets: another process may take a TCP port while it is not bound.
    endpoints = dict.fromkeys(("PUBLISHER_BIND", "PUBLISHER_ACK_BIND"), f"ipc://{short_folder}/o")
    endpoints[setting] = f"ipc://{folder}/link"
    with LinkSockets(endpoints["PUBLISHER_BIND"], endpoints["PUBLISHER_ACK_BIND"], keys) as sockets:
        shutil.rmtree(folder)
        hosts.revoke("leaving")
        with pytest.raises(BindError, match=f"^{setting} holds ipc:.*: No such file or directory"):
            sockets.reload_keys()


def test_an_address_is_bound_again_as_soon_as_it_is_free(
    hosts: Hosts, keys: PublisherKeys, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt may be too early."""
    hosts.admit("leaving")
    folder = short_folder / "ipc"
    folder.mkdir()
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            folder.mkdir()

    with LinkSockets(f"ipc://{folder}/link", "tcp://127.0.0.1:0", keys) as sockets:
        shutil.rmtree(folder)
        hosts.revoke("leaving")
        monkeypatch.setattr(time, "sleep", sleep)
        sockets.reload_keys()
        assert (folder / "link").is_socket()
    assert min(waited) > 0


def test_a_key_file_that_does_not_count_is_logged_once(
    hosts: Hosts, keys: PublisherKeys, caplog: pytest.LogCaptureFixture
) -> None:
    """At a bounded rate: the folder is read again and again. The line names the file."""
    hosts.admit("ours")
    (hosts.keys / "authorized" / "other.json").write_text("{")
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys) as sockets:
        sockets.reload_keys()
    (line,) = [line for line in caplog.messages if "does not count" in line]
    assert line.startswith(f"an authorised key does not count: {hosts.keys}/authorized/other.json")


@pytest.mark.parametrize("hosts_admitted", [0, 1])
def test_keys_that_admit_nobody_are_logged(
    hosts: Hosts, keys: PublisherKeys, caplog: pytest.LogCaptureFixture, hosts_admitted: int
) -> None:
    """The line names the folder, and the command that adds a key."""
    for number in range(hosts_admitted):
        hosts.admit(f"host{number}")
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys):
        pass
    lines = [line for line in caplog.messages if "no reader can connect" in line]
    assert len(lines) == (not hosts_admitted)
    assert all(f"{hosts.keys}/authorized; add one with" in line for line in lines)
