"""Sets a quota, for which confluent_kafka has no request."""

from __future__ import annotations

import socket
import struct

_ALTER_CLIENT_QUOTAS = 49
_TIMEOUT_S = 60


def limit_bytes_per_second(bootstrap: str, client_id: str, rate: float) -> None:
    """Limit what the client with *client_id* may produce to the node at *bootstrap*.

    Sends AlterClientQuotas, version 0 (https://kafka.apache.org/protocol).
    Raises RuntimeError if Kafka refuses.
    """
    one = struct.pack(">i", 1)
    entry = one + one + _text("client-id") + _text(client_id)
    operation = one + _text("producer_byte_rate") + struct.pack(">d?", rate, False)
    header = struct.pack(">hhi", _ALTER_CLIENT_QUOTAS, 0, 1) + _text("tests")
    request = header + entry + operation + struct.pack(">?", False)
    host, port = bootstrap.split(":")
    with socket.create_connection((host, int(port)), _TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            response = stream.read(struct.unpack(">i", stream.read(4))[0])
    # Correlation id, delay, number of entries, error code.
    _, _, _, code = struct.unpack_from(">iiih", response)
    if code:
        raise RuntimeError(f"error {code} in {response!r}")


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack(">h", len(encoded)) + encoded
