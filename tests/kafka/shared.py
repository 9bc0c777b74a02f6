"""One Kafka for all workers of a test run: the first that asks for it has it started."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Client, Listener
from pathlib import Path
from threading import Thread

from tests.kafka.broker import kafka_broker
from tests.toolchains import NoToolchainError

_BACKLOG = 64

# What is said on the socket, apart from addresses and errors.
_GIVE, _END = "give", "end"


@contextmanager
def shared_kafka() -> Iterator[str]:
    """Give a path with which `ask_for_kafka` gets the Kafka; it is ended after the block."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        path = str(Path(folder) / "socket")
        with Listener(path, "AF_UNIX", _BACKLOG) as listener:
            server = Thread(target=_serve, args=(listener,))
            server.start()
            try:
                yield path
            finally:
                with Client(path) as connection:
                    connection.send(_END)
                server.join()


def ask_for_kafka(path: str) -> str:
    """Return the bootstrap address of the Kafka of *path*, when it runs.

    Raises NoToolchainError where there can be none, and RuntimeError when it does not start.
    """
    with Client(path) as connection:
        connection.send(_GIVE)
        answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return str(answer)


def _serve(listener: Listener) -> None:
    """Answer every request, and return after the last one."""
    with ExitStack() as stack:
        answer: str | Exception | None = None
        while True:
            with listener.accept() as connection:
                if connection.recv() == _END:
                    return
                answer = answer or _start(stack)
                connection.send(answer)


def _start(stack: ExitStack) -> str | Exception:
    try:
        return stack.enter_context(kafka_broker(short_lived=True)).bootstrap
    except (NoToolchainError, RuntimeError) as error:
        return error
