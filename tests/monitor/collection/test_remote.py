"""Asking another monitor, or what is in its place."""

from __future__ import annotations

import time

import msgspec
import pytest

from common.web_address import WebAddress
from monitor.collection.remote import (
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_NUMBER,
    RefusedError,
    RemoteError,
    UnreachableError,
    fetch,
)
from tests.monitor.answering import answering, response
from tests.monitor.snapshots import channel, finding, snapshot
from tests.ports import free_port

_TOKEN = "a-token-of-this-test"

#: Longer than any answer of these tests takes on a slow machine.
_PATIENT_S = 30.0


def _answer(answer: bytes) -> str:
    """Return the error for *answer*."""
    with answering(answer) as server, pytest.raises(RemoteError) as caught:
        fetch(server.address, "", _PATIENT_S)
    assert str(server.address) in str(caught.value)
    assert caught.value.advice
    return str(caught.value)


def test_a_snapshot_arrives_as_it_was_sent() -> None:
    """The token is in a header, and nowhere else."""
    sent = snapshot(channel("xqc"), channel("shroud", waiting=3))
    with answering(response(msgspec.json.encode(sent))) as server:
        assert fetch(server.address, _TOKEN, _PATIENT_S) == sent
    [request] = server.requests
    assert request.startswith(b"GET /status.json HTTP/1.1\r\n")
    assert request.count(_TOKEN.encode()) == 1
    assert f"\r\nAuthorization: Bearer {_TOKEN}\r\n".encode() in request


def test_without_a_token_none_is_sent() -> None:
    """Not even an empty one."""
    with answering(response(msgspec.json.encode(snapshot()))) as server:
        fetch(server.address, "", _PATIENT_S)
    assert b"authorization" not in server.requests[0].lower()


def test_long_texts_are_clipped() -> None:
    """In rows and lists as well."""
    sent = snapshot(channel("x" * 100_000), findings=[finding("y" * 100_000)])
    with answering(response(msgspec.json.encode(sent))) as server:
        received = fetch(server.address, "", _PATIENT_S)
    assert received.channels[0].channel == "x" * MAX_CHARACTERS
    assert received.findings[0].text == "y" * MAX_CHARACTERS


def test_large_numbers_are_bounded() -> None:
    """Whoever makes a date or a width of them need not expect any number."""
    sent = snapshot(channel("xqc", received=10**300, gap_ms=-(10**300), messages_per_s=1e300))
    sent.history.waiting = [1e300, None]
    with answering(response(msgspec.json.encode(sent))) as server:
        received = fetch(server.address, "", _PATIENT_S)
    row = received.channels[0]
    assert (row.received, row.gap_ms) == (MAX_NUMBER, -MAX_NUMBER)
    assert (row.messages_per_s, received.history.waiting) == (MAX_NUMBER, [MAX_NUMBER, None])


def test_nothing_listens() -> None:
    """As when the monitor does not run."""
    address = WebAddress("127.0.0.1", free_port())
    with pytest.raises(UnreachableError, match="cannot be reached: Connection refused"):
        fetch(address, "", _PATIENT_S)


def test_an_unknown_host() -> None:
    """`.invalid` never exists."""
    with pytest.raises(UnreachableError, match=r"nowhere\.invalid:9464 cannot be reached"):
        fetch(WebAddress("nowhere.invalid", 9464), "", _PATIENT_S)


@pytest.mark.parametrize("token", ["", _TOKEN])
def test_a_token_that_is_refused_is_not_in_the_error(token: str) -> None:
    """The error says whether there was one."""
    with (
        answering(response(b"no", status="401 Unauthorized")) as server,
        pytest.raises(RefusedError) as caught,
    ):
        fetch(server.address, token, _PATIENT_S)
    assert ("is not set" in str(caught.value)) == (not token)
    assert _TOKEN not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("403 Forbidden", "MONITOR_BIND"),
        ("404 Not Found", "Correct the address."),
        ("500 Internal Server Error", "Its log says why."),
        ("503 Service Unavailable", "when there is room"),
    ],
)
def test_the_advice_is_for_the_status(status: str, advice: str) -> None:
    """The address is not always wrong."""
    with (
        answering(response(b"no", status=status)) as server,
        pytest.raises(RemoteError, match=f"status {status[:3]}") as caught,
    ):
        fetch(server.address, "", _PATIENT_S)
    assert advice in caught.value.advice


@pytest.mark.parametrize("byte_every_s", [0, 0.02])
def test_an_answer_that_does_not_end_in_time(byte_every_s: float) -> None:
    """A server that is silent, and one that sends byte after byte."""
    started = time.monotonic()
    with (
        answering(b"", hangs=not byte_every_s, byte_every_s=byte_every_s) as server,
        pytest.raises(UnreachableError, match=r"does not answer within 0\.5 s"),
    ):
        fetch(server.address, "", 0.5)
    assert time.monotonic() - started < _PATIENT_S


def test_another_version_says_which() -> None:
    """Even if its snapshot has other fields."""
    error = _answer(response(b'{"version": 2, "hosts": []}'))
    assert "have version 2, not 1" in error


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed connection"),
        (b"220 mail.example ESMTP\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Header: 1\r\n" * 1000 + b"\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "not HTTP"),
        (response(b"", "Location: http://127.0.0.1/", status="302 Found"), "status 302"),
        (response(b"", status="404 Not Found"), "status 404"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "no length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", "no length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}", "no length"),
        (f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BYTES + 1}\r\n\r\n".encode(), "more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "not HTTP"),
        (response(b""), "no snapshot"),
        (response(b"\xff\x00"), "no snapshot"),
        (response(b"[]"), "no snapshot"),
        (response(b'{"version": "1"}'), "no snapshot"),
        (response(b'{"version": 1}'), "no snapshot"),
        (response(b'{"deep": ' + b"[" * 1_000_000), "no snapshot"),
        (response(msgspec.json.encode(snapshot()).replace(b"7.5", b"1e999")), "no snapshot"),
    ],
)
def test_what_is_no_monitor(answer: bytes, reason: str) -> None:
    """The error says what is wrong with it, and repeats none of it."""
    assert reason in _answer(answer)
