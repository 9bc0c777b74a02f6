"""
TLS of a connection to chat, between the bytes of the socket and those of the chat.

OpenSSL works on two buffers in memory, as in asyncio. If it read the socket itself, it would need
two system calls for each record: one for its head, one for its body.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

#: Maximum bytes per system call, and of what a TLS record holds.
PIECE_BYTES = 16 * 1024


class TlsLayer:
    """Encrypts and decrypts. Does no I/O."""

    def __init__(self, context: ssl.SSLContext, hostname: str) -> None:
        """The handshake then requires a certificate for *hostname*."""
        self._incoming = ssl.MemoryBIO()
        #: What TLS has to send. `pending` says how much; only this class reads it.
        self.outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self.outgoing, server_hostname=hostname)

    def shake_hands(self, received: bytes) -> tuple[bytes, bool]:
        """
        Continue the handshake with what was *received*; return what to send, and whether it ends.

        Raises SSLError when it fails.
        """
        self._incoming.write(received)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return self.outgoing.read(), False
        return self.outgoing.read(), True

    def decrypt(self, received: bytes, pieces: list[bytes]) -> bool:
        """
        Add what can be decrypted after *received* to *pieces*; return False if the peer ends it.

        Raises SSLError if it is invalid.
        """
        incoming = self._incoming
        incoming.write(received)
        # A piece is no smaller than a record, so OpenSSL keeps nothing that is decrypted.
        while incoming.pending:
            try:
                piece = self._tls.read(PIECE_BYTES)
            except ssl.SSLWantReadError:
                break  # the rest of a record has not come yet
            except ssl.SSLZeroReturnError:
                return False  # after our own goodbye
            if not piece:
                return False
            pieces.append(piece)
        return True

    def encrypt(self, data: bytes) -> bytes:
        """Return *data* encrypted, after what TLS itself has to send."""
        # After an invalid record, or while keys are negotiated again, nothing can be encrypted.
        # `decrypt` raises what is wrong.
        with contextlib.suppress(ssl.SSLError):
            self._tls.write(data)
        return self.outgoing.read()

    def own_data(self) -> bytes:
        """Return what TLS itself has to send, such as the answer to a change of keys."""
        return self.outgoing.read()

    def goodbye(self) -> bytes:
        """Return what says that nothing more will be sent. The peer may still send."""
        # Without the peer's own goodbye, there is always an error.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        return self.outgoing.read()


async def secured(
    connected: socket.socket, context: ssl.SSLContext, hostname: str, within_s: float
) -> TlsLayer:
    """
    Return the layer of a *connected* non-blocking socket after its handshake.

    Raises OSError if that fails, or takes longer than *within_s* seconds; SSLCertVerificationError
    if the certificate is not one for *hostname*; UnicodeError if that is no host name.
    """
    loop = asyncio.get_running_loop()
    layer = TlsLayer(context, hostname)
    received = b""
    try:
        async with asyncio.timeout(within_s):
            while True:
                answer, is_done = layer.shake_hands(received)
                if answer:
                    await loop.sock_sendall(connected, answer)
                if is_done:
                    return layer
                received = await loop.sock_recv(connected, PIECE_BYTES)
                if not received:
                    raise ConnectionResetError("closed during the TLS handshake")
    except TimeoutError:
        raise ConnectionAbortedError(
            f"the TLS handshake is taking longer than {within_s:g} s"
        ) from None
