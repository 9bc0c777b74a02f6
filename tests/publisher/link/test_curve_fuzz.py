"""Random bytes at the open ports: the publisher survives, stays small, and serves readers."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess
from tests.publisher.link.curve_peers import Hosts, reader_with
from tests.publisher.peer import Publisher, chat, start_publisher

_SEED = 5
_AT_A_TIME = 20
_ROUNDS_TO_WARM_UP = 40
_ROUNDS = 100
_ATTACKS = 4
_GROWTH_KB = 512

#: https://rfc.zeromq.org/spec/23/: signature, version 3.1, mechanism, not a server, filler.
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01%b" + bytes(32)
_NULL = _GREETING % b"NULL".ljust(20, b"\0")
_NULL_READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
_CURVE = _GREETING % b"CURVE".ljust(20, b"\0")


def _garbage(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(300))


def _frame(rng: random.Random) -> bytes:
    """Return a frame whose flags and length may be wrong."""
    body = rng.randbytes(rng.choice([0, 1, 32, 200, 3000]))
    flags = rng.choice([0, 1, 2, 4, 6, rng.randrange(256)])
    if flags & 2:
        length = rng.choice([len(body), 0, 1 << 20, (1 << 63) - 1, rng.getrandbits(64)])
        return bytes([flags]) + length.to_bytes(8, "big") + body
    return bytes([flags, rng.choice([len(body) & 255, 0, 255])]) + body


def _command(rng: random.Random) -> bytes:
    """Return a handshake command: a HELLO with a random signature, or something less valid."""
    if not rng.randrange(4):
        return b"\x04\xc8\x05HELLO\x01\x00" + bytes(72) + rng.randbytes(120)
    name = rng.choice([b"READY", b"HELLO", b"INITIATE", b"MESSAGE", b"ERROR", b"PING"])
    rest = rng.randbytes(rng.choice([0, 20, 200]))
    body = bytes([len(name)]) + name + rest
    return bytes([4, len(body)]) + body


def _conversation(rng: random.Random) -> bytes:
    """Return what one peer sends: from random bytes to an almost valid handshake."""
    openings: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: _NULL,
        lambda: _CURVE,
        lambda: _NULL + _NULL_READY,
        lambda: _NULL[: rng.randrange(len(_NULL))],
        lambda: _mutated(rng, _CURVE),
    ]
    parts = [_garbage, _frame, _command]
    sent = [rng.choice(parts)(rng) for _ in range(rng.randrange(6))]
    return rng.choice(openings)() + b"".join(sent)


def _mutated(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _attack(publisher: Publisher, rng: random.Random, rounds: int) -> None:
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
                peer = socket.create_connection(rng.choice(addresses), timeout=60)
                stack.enter_context(closing(peer))
                # The publisher may have closed the connection already.
                with suppress(ConnectionError):
                    peer.sendall(_conversation(rng))


def _memory_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.fixture(params=["encrypted", "in the clear"])
def link(request: pytest.FixtureRequest, short_folder: Path) -> Hosts | None:
    """Return the keys for the publisher, or None for a link that is not encrypted."""
    hosts = None
    if request.param == "encrypted":
        hosts = Hosts(short_folder / "var", short_folder)
        hosts.admit("ours")
    return hosts


def test_random_bytes_do_not_affect_the_publisher(
    processes: StartProcess, kafka: KafkaCluster, topic: str, link: Hosts | None
) -> None:
    """After 8,000 peers that send anything, it serves readers as before, in the same memory."""
    # One heap instead of one per thread, whose sizes vary: growth then means a leak.
    settings = {"MALLOC_ARENA_MAX": "1"}
    publisher = start_publisher(processes, kafka.bootstrap, topic, settings)
    rng = random.Random(_SEED)
    keys = link.host("ours") if link else None
    with reader_with(publisher, keys, "ours/00") as reader:
        reader.send(chat(1, 100), 1)
        reader.wait_for_acknowledgement(100)
        _attack(publisher, rng, _ROUNDS_TO_WARM_UP)
        memory = [_memory_kb(publisher.process.pid)]
        for _ in range(_ATTACKS):
            _attack(publisher, rng, _ROUNDS)
            memory.append(_memory_kb(publisher.process.pid))
        reader.send(chat(101, 100), 101)
        reader.wait_for_acknowledgement(200)
    with reader_with(publisher, keys, "ours/01") as another:
        another.send(chat(1, 100), 1)
        another.wait_for_acknowledgement(100)
    # A leak grows with every attack, what is only kept for later does not.
    assert min(after - before for before, after in pairwise(memory)) < _GROWTH_KB
    assert publisher.process.stop() == 0
