"""The TLS layer without a network: records that are cut anywhere."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.twitch.tls import TlsLayer
from simulator.certificates import AUTHORITY_FILE, server_tls


class Server:
    """A server in memory, and a layer that has shaken hands with it."""

    def __init__(self, folder: Path) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = server_tls(folder).wrap_bio(self._incoming, self._outgoing, server_side=True)
        context = ssl.create_default_context(cafile=str(folder / AUTHORITY_FILE))
        self.layer = TlsLayer(context, "localhost")
        answer, is_done = self.layer.shake_hands(b"")
        while not is_done:
            self._incoming.write(answer)
            self._continue()
            answer, is_done = self.layer.shake_hands(self._outgoing.read())
        self._incoming.write(answer)
        self._continue()

    def _continue(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()

    def said(self, text: bytes) -> bytes:
        """Return what the server sends to say *text*, in a record of its own."""
        self._tls.write(text)
        return self._outgoing.read()

    def heard(self, sent: bytes) -> bytes:
        """Return what the server reads when the layer has *sent* something."""
        self._incoming.write(sent)
        return self._tls.read()

    def goodbye(self) -> bytes:
        """Return what the server sends to end the connection."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the certificates are."""
    return tmp_path_factory.mktemp("certificates")


@given(
    texts=st.lists(st.binary(min_size=1, max_size=200), max_size=10),
    cuts=st.lists(st.integers(min_value=1, max_value=300), min_size=1),
)
def test_records_are_whole_however_they_are_cut(
    folder: Path, texts: list[bytes], cuts: list[int]
) -> None:
    """Nothing waits for the next record."""
    server = Server(folder)
    stream = b"".join(server.said(text) for text in texts)
    pieces: list[bytes] = []
    position = count = 0
    while position < len(stream):
        cut = cuts[count % len(cuts)]
        assert server.layer.decrypt(stream[position : position + cut], pieces)
        position, count = position + cut, count + 1
    assert b"".join(pieces) == b"".join(texts)


def test_the_end_comes_after_what_was_said_before(folder: Path) -> None:
    """Both may come at once."""
    server, pieces = Server(folder), list[bytes]()
    assert not server.layer.decrypt(server.said(b"last") + server.goodbye(), pieces)
    assert pieces == [b"last"]


def test_what_the_peer_says_after_our_goodbye_is_decrypted(folder: Path) -> None:
    """And what we had said before it arrives."""
    server, pieces = Server(folder), list[bytes]()
    assert server.heard(server.layer.encrypt(b"QUIT")) == b"QUIT"
    assert server.heard(server.layer.goodbye()) == b""
    assert server.layer.decrypt(server.said(b"late"), pieces)
    assert not server.layer.decrypt(server.goodbye(), pieces)
    assert pieces == [b"late"]


def test_a_changed_record_is_an_error(folder: Path) -> None:
    """Nothing of it is passed on."""
    server, pieces = Server(folder), list[bytes]()
    changed = bytearray(server.said(b"text"))
    changed[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        server.layer.decrypt(bytes(changed), pieces)
    assert pieces == []


def test_nothing_fails_that_is_sent_after_an_invalid_record(folder: Path) -> None:
    """What came before that record is handled after it, and may need an answer."""
    server, pieces = Server(folder), list[bytes]()
    with pytest.raises(ssl.SSLError):
        server.layer.decrypt(server.said(b"PING") + b"not a record", pieces)
    assert pieces == [b"PING"]
    server.layer.encrypt(b"PONG")
    server.layer.goodbye()
