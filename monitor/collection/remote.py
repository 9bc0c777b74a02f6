"""
Asks the monitor at an address for its snapshot, or for the last messages of a channel.

What it answers is not trusted: it may be no monitor, or never end. So an answer has a limit of size
and of time, redirects are not followed, and what it holds is bounded.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import msgspec

from common.web_address import WebAddress
from monitor.collection.messages import Messages
from monitor.collection.snapshot import SNAPSHOT_VERSION, Snapshot

#: The largest answer: that of about 20,000 channels.
MAX_BYTES = 8 * 1024**2

#: The most characters of a text.
MAX_CHARACTERS = 500

#: The largest number, and with a minus the smallest: all whole numbers up to it are exact as float.
MAX_NUMBER = 2**53

_PATH = "/status.json"


class RemoteError(Exception):
    """Raised when there is no snapshot, with a sentence that names the address."""

    def __init__(self, text: str, advice: str) -> None:
        super().__init__(text)
        #: What to do, in a sentence.
        self.advice = advice


class UnreachableError(RemoteError):
    """Raised when nothing answers at the address."""


class RefusedError(RemoteError):
    """Raised when the monitor at the address wants another token."""


class _Versioned(msgspec.Struct):
    version: int


def fetch(address: WebAddress, token: str, timeout_s: float) -> Snapshot:
    """
    Return the snapshot of the monitor at *address*, which takes *token*, "" for none.

    Raises RemoteError, after at most *timeout_s* seconds once the name of the host is resolved.
    """
    return _snapshot(_get(_PATH, address, token, timeout_s), address)


def fetch_messages(channel: str, address: WebAddress, token: str, timeout_s: float) -> Messages:
    """
    Return the last messages of *channel* from the monitor at *address*, as `fetch` does.

    Raises RemoteError.
    """
    path = f"/channels/{quote(channel, safe='')}/messages"
    body = _get(path, address, token, timeout_s)
    try:
        messages = msgspec.json.decode(body, type=Messages)
    # Deeply nested JSON is a RecursionError.
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise _no_monitor(address, "its answer is no list of messages") from None
    _bound(messages)
    return messages


def _get(path: str, address: WebAddress, token: str, timeout_s: float) -> bytes:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
    try:
        with _bounded(connection, timeout_s):
            connection.request("GET", path, headers=_headers(token))
            with connection.getresponse() as response:
                return _body(response, address, has_token=bool(token))
    except TimeoutError:
        raise _silent(address, timeout_s) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(address, error) from None
    finally:
        connection.close()


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def _bounded(connection: http.client.HTTPConnection, timeout_s: float) -> Iterator[None]:
    """Connect, and raise TimeoutError if what is done with the connection takes too long."""
    connection.connect()
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        # Unlike its time-out, this also ends what comes in byte by byte.
        connected.shutdown(socket.SHUT_RDWR)

    # The connection itself gives up its socket, which stays open, to the response.
    with connection.sock.dup() as connected:
        timer = threading.Timer(timeout_s, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException):
            if is_late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            timer.join()


def _body(response: http.client.HTTPResponse, address: WebAddress, *, has_token: bool) -> bytes:
    """Return what *response* has to say. Raises RemoteError if it is no snapshot."""
    if response.status != http.HTTPStatus.OK:
        raise _status_error(address, response.status, has_token=has_token)
    # A monitor says it. Without it, the answer could go on for ever.
    if response.length is None:
        raise _no_monitor(address, "its answer has no length")
    if response.length > MAX_BYTES:
        raise _no_monitor(address, f"its answer has more than {MAX_BYTES} bytes")
    return response.read()


def _snapshot(body: bytes, address: WebAddress) -> Snapshot:
    try:
        version = msgspec.json.decode(body, type=_Versioned).version
        if version != SNAPSHOT_VERSION:
            raise RemoteError(
                f"The monitor at {address} is another version of this service: its snapshots have"
                f" version {version}, not {SNAPSHOT_VERSION}.",
                "Install the same version on all hosts, and restart supervisord there.",
            )
        snapshot = msgspec.json.decode(body, type=Snapshot)
    # Deeply nested JSON is a RecursionError.
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise _no_monitor(address, "its answer is no snapshot") from None
    _bound(snapshot)
    return snapshot


def _bound(struct: msgspec.Struct) -> None:
    """Shorten all texts in *struct* to MAX_CHARACTERS, and bound its numbers by MAX_NUMBER."""
    for name in struct.__struct_fields__:
        setattr(struct, name, _kept(getattr(struct, name)))


def _kept(value: object) -> object:
    if type(value) is str:
        return value[:MAX_CHARACTERS]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return max(-MAX_NUMBER, min(MAX_NUMBER, value))
    if isinstance(value, list):
        value[:] = [_kept(item) for item in value]
    elif isinstance(value, msgspec.Struct):
        _bound(value)
    return value


def _status_error(address: WebAddress, status: int, *, has_token: bool) -> RemoteError:
    answers = f"answers with status {status}"
    if status == http.HTTPStatus.UNAUTHORIZED:
        return _refused(address, has_token=has_token)
    if status == http.HTTPStatus.FORBIDDEN:
        return RemoteError(
            f"The monitor at {address} {answers}: it listens on loopback, and was asked by a name.",
            "Ask it at 127.0.0.1, or set MONITOR_BIND and MONITOR_TOKEN there.",
        )
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        return RemoteError(
            f"The monitor at {address} {answers}: it has too many connections.",
            "See who else asks it; this goes on by itself when there is room.",
        )
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return RemoteError(f"The monitor at {address} {answers}: it failed.", "Its log says why.")
    return _no_monitor(address, f"it {answers}")


def _refused(address: WebAddress, *, has_token: bool) -> RefusedError:
    if has_token:
        return RefusedError(
            f"The monitor at {address} refuses MONITOR_TOKEN.",
            "Set MONITOR_TOKEN here to the one of that monitor.",
        )
    return RefusedError(
        f"The monitor at {address} wants a token, and MONITOR_TOKEN is not set.",
        "Set MONITOR_TOKEN here to the one of that monitor.",
    )


def _silent(address: WebAddress, timeout_s: float) -> UnreachableError:
    return UnreachableError(
        f"The monitor at {address} does not answer within {timeout_s:g} s.",
        "See whether that host is up, and its log.",
    )


def _unreachable(address: WebAddress, error: Exception) -> RemoteError:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return UnreachableError(
            f"The monitor at {address} cannot be reached: {reason}.",
            "See whether it runs, and whether the address is right.",
        )
    return _no_monitor(address, "its answer is not HTTP")


def _no_monitor(address: WebAddress, reason: str) -> RemoteError:
    return RemoteError(f"There is no monitor at {address}: {reason}.", "Correct the address.")
