"""The encryption of the link, apart from the publisher that decides whom it admits."""

from __future__ import annotations

from pathlib import Path

import zmq
from zmq.utils.monitor import parse_monitor_message

from common.curve import ReaderKeys, secure_client, secure_server
from common.key_files import make_pair

_WITHIN_MS = 20_000


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
