"""The encryption of the link, apart from the publisher that decides whom it admits."""

from __future__ import annotations

from pathlib import Path

import pytest
import zmq
from zmq.utils.monitor import parse_monitor_message

from common.curve import (
    ReaderKeys,
    publisher_keys,
    reader_keys,
    secure_client,
    secure_server,
    stays_here,
)
from common.key_files import PUBLISHER_PAIR, READERS_PAIR, make_pair
from common.settings import Settings, SettingsError, read_settings

_WITHIN_MS = 20_000

KEY = "0123456789abcdef" * 4


def test_a_server_without_a_zap_handler_admits_nobody(tmp_path: Path) -> None:
    """Not even a peer that knows its public key: nothing has checked the peer's own."""
    server, ours = make_pair(tmp_path / "publisher.json"), make_pair(tmp_path / "readers.json")
    context = zmq.Context()
    try:
        pull, push = context.socket(zmq.PULL), context.socket(zmq.PUSH)
        secure_server(pull, server)
        secure_client(push, ReaderKeys(ours, server.public_key))
        failed = zmq.Event.HANDSHAKE_FAILED_AUTH | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
        monitor = pull.get_monitor_socket(zmq.Event.HANDSHAKE_SUCCEEDED | failed)
        pull.bind("tcp://127.0.0.1:0")
        push.connect(pull.getsockopt_string(zmq.LAST_ENDPOINT))

        assert monitor.poll(_WITHIN_MS)
        assert parse_monitor_message(monitor.recv_multipart())["event"] & failed
    finally:
        context.destroy(linger=0)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("ipc://var/batches", True),
        ("tcp://127.0.0.1:5557", True),
        ("tcp://127.1.2.3:5557", True),
        ("tcp://localhost:5557", True),
        ("tcp://[::1]:5557", True),
        ("tcp://*:5557", False),
        ("tcp://0.0.0.0:5557", False),
        ("tcp://[::]:5557", False),
        ("tcp://10.0.0.1:5557", False),
        ("tcp://[::ffff:10.0.0.1]:5557", False),
        ("tcp://127.0.0.1.example.com:5557", False),
        ("tcp://localhost.example.com:5557", False),
        ("tcp://eth0:5557", False),
        ("tcp://publisher:5557", False),
    ],
)
def test_addresses_of_this_machine_are_recognised(endpoint: str, expected: bool) -> None:
    """From the address alone. No name but localhost counts: it may resolve to any address."""
    assert stays_here(endpoint) is expected


def settings(state: Path, **more: str) -> Settings:
    """Return settings with the state directory *state*."""
    return read_settings({"STATE_DIR": str(state), **more})


@pytest.mark.parametrize("name", ["PUBLISHER_BIND", "PUBLISHER_ACK_BIND"])
def test_a_publisher_without_keys_binds_only_to_this_machine(tmp_path: Path, name: str) -> None:
    """Any other address is refused. The error has the command that makes keys."""
    assert publisher_keys(settings(tmp_path)) is None
    with pytest.raises(SettingsError, match=rf"{name} .* `\S*twitch-ingestion keys publisher`"):
        publisher_keys(settings(tmp_path, **{name: "tcp://*:5557"}))
    make_pair(tmp_path / "keys" / PUBLISHER_PAIR)
    assert publisher_keys(settings(tmp_path, **{name: "tcp://*:5557"}))


@pytest.mark.parametrize("name", ["PUBLISHER_ENDPOINT", "PUBLISHER_ACK_ENDPOINT"])
def test_a_reader_without_keys_connects_only_to_this_machine(tmp_path: Path, name: str) -> None:
    """The error asks first for the publisher's key, then for the reader's own."""
    away = {name: "tcp://10.0.0.1:5557"}
    assert reader_keys(settings(tmp_path)) == [None]
    with pytest.raises(SettingsError, match=rf"{name} .* `\S*twitch-ingestion keys publisher`"):
        reader_keys(settings(tmp_path, **away))
    away["PUBLISHER_PUBLIC_KEY"] = KEY
    with pytest.raises(SettingsError, match=r"`\S*twitch-ingestion keys readers`"):
        reader_keys(settings(tmp_path, **away))
    pair = make_pair(tmp_path / "keys" / READERS_PAIR)
    assert reader_keys(settings(tmp_path, **away)) == [(pair, KEY)]


def test_several_publishers_have_one_key_or_one_each(tmp_path: Path) -> None:
    """Any other number of keys is refused."""
    pair = make_pair(tmp_path / "keys" / READERS_PAIR)
    several = {"PUBLISHER_ENDPOINT": "tcp://10.0.0.1:5557,tcp://10.0.0.2:5557"}
    one = settings(tmp_path, **several, PUBLISHER_PUBLIC_KEY=KEY)
    assert reader_keys(one) == [(pair, KEY), (pair, KEY)]
    two = settings(tmp_path, **several, PUBLISHER_PUBLIC_KEY=f"{KEY}, {KEY[::-1]}")
    assert reader_keys(two) == [(pair, KEY), (pair, KEY[::-1])]
    three = settings(tmp_path, **several, PUBLISHER_PUBLIC_KEY=f"{KEY},{KEY},{KEY}")
    with pytest.raises(SettingsError, match=r"3 keys and PUBLISHER_ENDPOINT 2 publishers"):
        reader_keys(three)


def test_unusable_keys_are_an_invalid_setting(tmp_path: Path) -> None:
    """A publisher does not continue without encryption if others can read its key."""
    path = tmp_path / "keys" / PUBLISHER_PAIR
    make_pair(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        publisher_keys(settings(tmp_path))


def test_a_public_key_in_the_settings_is_checked() -> None:
    """The error says what is expected."""
    with pytest.raises(SettingsError, match=r"PUBLISHER_PUBLIC_KEY .* 64 hexadecimal digits"):
        read_settings({"PUBLISHER_PUBLIC_KEY": "x" * 64})
