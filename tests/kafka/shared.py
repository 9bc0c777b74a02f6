"""One Kafka for all workers of a test run, started when the first of them asks for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Client, Listener
from pathlib import Path
from threading import Thread

from tests.kafka.broker import kafka_broker
from tests.kafka.cluster import KafkaCluster
from tests.toolchains import NoToolchainError

_BACKLOG = 64

# The requests. The response to _GIVE is a cluster or an exception.
_GIVE, _END = "give", "end"


@contextmanager
def shared_kafka() -> Iterator[str]:
    """Yield a path for `ask_for_kafka`. The Kafka, if there is one, ends with the block."""
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


def ask_for_kafka(path: str) -> KafkaCluster:
    """Return the Kafka shared at *path*, once it runs.

    Raises NoToolchainError if a tool is missing, OSError or RuntimeError if it does not start.
    """
    with Client(path) as connection:
        connection.send(_GIVE)
        answer: KafkaCluster | Exception = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _serve(listener: Listener) -> None:
    """Answer requests until `_END`, then end the Kafka."""
    with ExitStack() as stack:
        answer: KafkaCluster | Exception | None = None
        while True:
            # A worker that was killed leaves its connection without a request.
            with suppress(EOFError, OSError), listener.accept() as connection:
                if connection.recv() == _END:
                    return
                answer = answer or _start(stack)
                connection.send(answer)


def _start(stack: ExitStack) -> KafkaCluster | Exception:
    try:
        return stack.enter_context(kafka_broker(short_lived=True)).cluster
    except (NoToolchainError, OSError, RuntimeError) as error:
        return error
