"""What a test is told of the Kafka it runs against, whichever that is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KafkaCluster:
    """A running cluster: *bootstrap* is its address as `KAFKA_BROKERS` takes it."""

    bootstrap: str
    #: The address for clients that log in, and may do only what ACLs allow; empty if there is none.
    login_bootstrap: str = ""
