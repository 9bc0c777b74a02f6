"""The reader with a third-party IRC server (ngircd)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import BinaryIO

from tests.ngircd import Ngircd
from tests.ports import free_port
from tests.processes import StartProcess, python_module, wait_for_line


def test_ngircd_accepts_our_registration_and_our_join(
    processes: StartProcess, ngircd: Ngircd, short_folder: Path
) -> None:
    """Another member sees the join. The missing Twitch capabilities are logged."""
    unused_endpoint = f"tcp://127.0.0.1:{free_port()}"
    with socket.create_connection((ngircd.host, ngircd.port), timeout=60) as member:
        member.sendall(b"NICK member\r\nUSER member 0 * member\r\nJOIN #xqc\r\n")
        lines = member.makefile("rb")
        _read_until(lines, b"End of NAMES list")
        reader = processes(
            python_module("readers", "xqc"),
            {
                "TWITCH_IRC_HOST": ngircd.host,
                "TWITCH_IRC_PORT": str(ngircd.port),
                "TWITCH_IRC_TLS": "false",
                "PUBLISHER_ENDPOINT": unused_endpoint,
                "PUBLISHER_ACK_ENDPOINT": unused_endpoint,
                "STATE_DIR": str(short_folder / "var"),
            },
        )
        joined = _read_until(lines, b"JOIN :#xqc")
        lines.close()
    assert joined.startswith(b":justinfan")
    wait_for_line(ngircd.process, r'User "justinfan\d+!\S+" registered', 60)
    wait_for_line(reader, "the server refuses twitch.tv/commands", 60)
    assert reader.stop() == 0


def _read_until(lines: BinaryIO, text: bytes) -> bytes:
    """Return the first line with *text* in it. The socket's time-out bounds the wait."""
    for line in lines:
        if text in line:
            return line
    raise ConnectionError(f"the server disconnected before it sent {text!r}")
