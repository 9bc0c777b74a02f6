"""
The embedded cluster: librdkafka's built-in Kafka, in this process and in memory, to try things out.

It creates every requested topic, with four partitions, and keeps the last 5 MB of each partition.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from confluent_kafka import KafkaException, Producer

from common.files import replace_file

logger = logging.getLogger(__name__)

_START_TIMEOUT_S = 10.0


class EmbeddedKafkaError(Exception):
    """Raised when the embedded cluster cannot run; the text says why."""


def bootstrap_file(state_dir: Path) -> Path:
    """Return the file that holds the embedded cluster's address while it runs."""
    return state_dir / "kafka.bootstrap"


@contextmanager
def embedded_cluster(state_dir: Path) -> Iterator[str]:
    """
    Run the embedded cluster, and yield its bootstrap servers.

    `bootstrap_file` holds them while it runs. Raises EmbeddedKafkaError.
    """
    # The cluster exists as long as the client that is configured with it.
    keeper = Producer({"test.mock.num.brokers": "1", "log_level": "0"})
    file = bootstrap_file(state_dir)
    try:
        metadata = keeper.list_topics(timeout=_START_TIMEOUT_S)
        address = ",".join(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())
        state_dir.mkdir(parents=True, exist_ok=True)
        replace_file(file, f"{address}\n".encode())
    except KafkaException as error:
        raise EmbeddedKafkaError(
            f"the embedded Kafka cannot start: {error.args[0].str()}"
        ) from None
    except OSError as error:
        raise EmbeddedKafkaError(f"STATE_DIR holds {state_dir}, but {error}") from None
    logger.info(
        "embedded Kafka at %s: in memory only, for trying out; set KAFKA_BROKERS to use a real one",
        address,
    )
    try:
        yield address
    finally:
        with suppress(OSError):
            file.unlink()
        del keeper
