"""Which addresses are of this host."""

from __future__ import annotations

import socket

import pytest

from twitch_ingestion.check.address import is_on_this_host


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("ipc://var/batches", True),
        ("tcp://127.0.0.1:5557", True),
        ("tcp://localhost:5557", True),
        ("tcp://192.0.2.1:5557", False),
        ("tcp://no-such-host.invalid:5557", False),
    ],
)
def test_an_address_of_this_host_is_one_that_could_be_listened_at(
    endpoint: str, expected: bool
) -> None:
    """192.0.2.1 is nobody's."""
    assert is_on_this_host(endpoint) is expected


def test_one_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may also have an IPv6 address, of a kind that this host does not use."""
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    both = [(*stream, ("192.0.2.1", 0)), (*stream, ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert is_on_this_host("tcp://two-addresses:5557")
