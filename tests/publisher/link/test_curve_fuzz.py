"""Whatever comes in at the open ports: the publisher lives, stays small, and serves readers."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess
from tests.publisher.link.curve_peers import Hosts, reader_with
from tests.publisher.peer import Publisher, chat, start_publisher

_SEED = 5
_AT_A_TIME = 20
_ROUNDS_TO_WARM_UP = 40
_ROUNDS = 400
_GROWTH_KB = 2 * 1024

#: https://rfc.zeromq.org/spec/23/: signature, version 3.1, mechanism, not a server, filler.
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01%b" + bytes(32)
_NULL = _GREETING % b"NULL".ljust(20, b"\0")
_NULL_READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
_CURVE = _GREETING % b"CURVE".ljust(20, b"\0")


def _garbage(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(300))


def _frame(chance: random.Random) -> bytes:
    """Return a frame whose flags and length may be anything, true or not."""
    body = chance.randbytes(chance.choice([0, 1, 32, 200, 3000]))
    flags = chance.choice([0, 1, 2, 4, 6, chance.randrange(256)])
    if flags & 2:
        length = chance.choice([len(body), 0, 1 << 20, (1 << 63) - 1, chance.getrandbits(64)])
        return bytes([flags]) + length.to_bytes(8, "big") + body
    return bytes([flags, chance.choice([len(body) & 255, 0, 255])]) + body


def _command(chance: random.Random) -> bytes:
    """Return a command of the handshake: a HELLO up to its signature, or something worse."""
    if not chance.randrange(4):
        return b"\x04\xc8\x05HELLO\x01\x00" + bytes(72) + chance.randbytes(120)
    name = chance.choice([b"READY", b"HELLO", b"INITIATE", b"MESSAGE", b"ERROR", b"PING"])
    rest = chance.randbytes(chance.choice([0, 20, 200]))
    body = bytes([len(name)]) + name + rest
    return bytes([4, len(body)]) + body


def _conversation(chance: random.Random) -> bytes:
    """Return what one peer says: from pure noise to what is nearly right."""
    openings: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: _NULL,
        lambda: _CURVE,
        lambda: _NULL + _NULL_READY,
        lambda: _NULL[: chance.randrange(len(_NULL))],
        lambda: _mutated(chance, _CURVE),
    ]
    parts = [_garbage, _frame, _command]
    said = [chance.choice(parts)(chance) for _ in range(chance.randrange(6))]
    return chance.choice(openings)() + b"".join(said)


def _mutated(chance: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _assault(publisher: Publisher, chance: random.Random, rounds: int) -> None:
    addresses = [
        (host, int(port))
        for host, port in (
            endpoint.removeprefix("tcp://").split(":")
            for endpoint in (publisher.batches, publisher.acknowledgements)
        )
    ]
    for _ in range(rounds):
        with ExitStack() as stack:
            for _ in range(_AT_A_TIME):
                peer = socket.create_connection(chance.choice(addresses), timeout=10)
                stack.enter_context(closing(peer))
                # The publisher may have had enough already.
                with suppress(ConnectionError):
                    peer.sendall(_conversation(chance))


def _memory_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.fixture(params=["encrypted", "in the clear"])
def link(request: pytest.FixtureRequest, short_folder: Path) -> Hosts | None:
    """Return the keys of the publisher that is to be started, or None."""
    hosts = None
    if request.param == "encrypted":
        hosts = Hosts(short_folder / "var", short_folder)
        hosts.admit("ours")
    return hosts


def test_random_bytes_do_the_publisher_no_harm(
    processes: StartProcess, kafka: KafkaCluster, topic: str, link: Hosts | None
) -> None:
    """Eight thousand peers say anything; it serves a reader as before, in the same memory."""
    # Without a heap for each thread, whose sizes come and go: what grows now is kept for nothing.
    settings = {"MALLOC_ARENA_MAX": "1"}
    publisher = start_publisher(processes, kafka.bootstrap, topic, settings)
    chance = random.Random(_SEED)
    keys = link.host("ours") if link else None
    with reader_with(publisher, keys, "ours/00") as reader:
        reader.send(chat(1, 100), 1)
        reader.wait_for_acknowledgement(100)
        _assault(publisher, chance, _ROUNDS_TO_WARM_UP)
        before = _memory_kb(publisher.process.pid)
        _assault(publisher, chance, _ROUNDS)
        reader.send(chat(101, 100), 101)
        reader.wait_for_acknowledgement(200)
    with reader_with(publisher, keys, "ours/01") as another:
        another.send(chat(1, 100), 1)
        another.wait_for_acknowledgement(100)
    assert _memory_kb(publisher.process.pid) - before < _GROWTH_KB
    assert publisher.process.stop() == 0
