"""
Connects to the chat host. It has several addresses, and some of them may be out of reach.

1. The addresses are tried in turn, alternating between IPv6 and IPv4: the next one when an earlier
   one has failed, or 250 ms after the one before. The first that accepts is used (RFC 8305, "Happy
   Eyeballs").
2. If its TLS handshake fails, those that have not been tried are tried too.
3. The next time, the address that was used comes after all others, because its connection has just
   failed or ended. Only addresses that failed come after it.
4. If DNS fails or takes long, the addresses of its last answer are used.

asyncio does only the first of these (`happy_eyeballs_delay`), and raises IndexError at times:
https://github.com/python/cpython/issues/135836
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import os
import socket
import ssl
from typing import Any

from readers.twitch.connection import ChatConnection
from readers.twitch.timing import Timing
from readers.twitch.tls import secured

#: Seconds until the next address is tried (RFC 8305, section 5).
NEXT_ADDRESS_AFTER_S = 0.25

#: An address as `getaddrinfo` returns it: family, type, protocol, canonical name, socket address.
_Address = tuple[int, int, int, str, Any]

logger = logging.getLogger(__name__)


class ChatHost:
    """The host that serves chat, and its addresses."""

    def __init__(self, name: str, port: int, timing: Timing, *, tls: bool) -> None:
        """With *tls*, a certificate for *name* is required, whatever the address."""
        self.name = name
        self.port = port
        self._timing = timing
        self._tls = tls
        self._known: list[_Address] = []
        #: The address of the last connection, and those that failed before it was found.
        self._used: _Address | None = None
        self._failed: set[_Address] = set()
        self._lookup: asyncio.Task[list[_Address]] | None = None
        #: Whether DNS fails, which is logged once.
        self._dns_fails = False

    async def connect(self) -> ChatConnection:
        """
        Return a new connection, after the TLS handshake.

        Raises OSError when no address could be connected to, and UnicodeError when the name is not
        a host name.
        """
        addresses = self._in_turn(await self._addresses())
        untried = list(addresses)
        failures: list[str] = []
        while True:
            try:
                connected, used = await _first_to_accept(untried, self._timing.accept_within_s)
            except OSError as error:
                raise OSError("; ".join([*failures, str(error)])) from None
            self._used = used
            self._failed = set(addresses).difference(untried, [used])
            try:
                connection = await self._connection(connected)
            except ssl.SSLCertVerificationError:
                # CA certificates may have been installed since: the next attempt loads them again.
                tls_context.cache_clear()
                raise
            except OSError as error:
                failures.append(f"{error} ({used[4][0]})")
                if not untried:
                    raise OSError("; ".join(failures)) from None
            else:
                if failures:
                    logger.info("connected to %s, after: %s", used[4][0], "; ".join(failures))
                return connection

    async def _connection(self, connected: socket.socket) -> ChatConnection:
        tls = None
        try:
            if self._tls:
                within_s = self._timing.handshake_within_s
                tls = await secured(connected, tls_context(), self.name, within_s)
            return ChatConnection(connected, self.name, tls)
        except BaseException:
            connected.close()
            raise

    async def _addresses(self) -> list[_Address]:
        # A thread waits for DNS and cannot be stopped. So there is only one, however often we try.
        if self._lookup is None:
            self._lookup = asyncio.create_task(_look_up(self.name, self.port))
        within_s = self._timing.resolve_within_s
        await asyncio.wait([self._lookup], timeout=within_s if self._known else None)
        try:
            if not self._lookup.done():
                raise TimeoutError(f"no answer within {within_s:g} s")
            lookup, self._lookup = self._lookup, None
            self._known = lookup.result()
            self._dns_fails = False
        except OSError as error:
            reason = f"cannot resolve {self.name}: {error.strerror or error}"
            if not self._known:
                raise OSError(reason) from None
            if not self._dns_fails:
                self._dns_fails = True
                logger.warning("%s; using the addresses of the last answer", reason)
        return self._known

    def _in_turn(self, addresses: list[_Address]) -> list[_Address]:
        """Return *addresses* in the order in which they are tried."""
        families = dict.fromkeys(address[0] for address in addresses)
        by_family = [[each for each in addresses if each[0] == family] for family in families]
        in_turn = itertools.chain.from_iterable(itertools.zip_longest(*by_family))
        return sorted(
            filter(None, in_turn), key=lambda each: (each in self._failed, each == self._used)
        )


async def _look_up(name: str, port: int) -> list[_Address]:
    loop = asyncio.get_running_loop()
    return [*await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)]


async def _first_to_accept(
    untried: list[_Address], within_s: float
) -> tuple[socket.socket, _Address]:
    """
    Return a connected socket, and its address. The addresses that were tried leave *untried*.

    Raises OSError, with the reason of each, when none accepts within *within_s* seconds.
    """
    attempts: dict[asyncio.Task[socket.socket], _Address] = {}
    errors: list[str] = []
    try:
        async with asyncio.timeout(within_s):
            while untried or attempts:
                if untried:
                    address = untried.pop(0)
                    attempts[asyncio.create_task(_accepted(address))] = address
                delay_s = NEXT_ADDRESS_AFTER_S if untried else None
                done, _ = await asyncio.wait(
                    attempts, timeout=delay_s, return_when=asyncio.FIRST_COMPLETED
                )
                for attempt in done:
                    address = attempts.pop(attempt)
                    if error := attempt.exception():
                        errors.append(_reason(error, address))
                    else:
                        return attempt.result(), address
    except TimeoutError:
        silent = ", ".join(str(address[4][0]) for address in attempts.values())
        errors.append(f"no answer from {silent} within {within_s:g} s")
    finally:
        for attempt in attempts:
            attempt.add_done_callback(_close)
            attempt.cancel()
    raise OSError("; ".join(dict.fromkeys(errors)))


def _reason(error: BaseException, address: _Address) -> str:
    # asyncio's text is "Connect call failed" with the address, without the reason.
    known = isinstance(error, OSError) and error.errno
    return f"{os.strerror(known) if known else error} ({address[4][0]})"


async def _accepted(address: _Address) -> socket.socket:
    family, kind, protocol, _, socket_address = address
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, socket_address)
    except BaseException:
        connecting.close()
        raise
    return connecting


def _close(attempt: asyncio.Task[socket.socket]) -> None:
    """Close the socket of an *attempt* that succeeded when it was not needed any more."""
    if not attempt.cancelled() and not attempt.exception():
        attempt.result().close()


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the only context of this process: its CA certificates take a megabyte."""
    return ssl.create_default_context()
