"""Makes sure that the topics exist, and may be used, before batches are received."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ClusterMetadata,
)
from confluent_kafka.cimpl import NewTopic

from publisher.kafka.admin import admin_client
from publisher.kafka.health import KafkaHealth
from publisher.kafka.permissions import is_hidden, missing
from publisher.kafka.replication import unreplicated
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: Seconds that a request to Kafka may block; a signal does not interrupt it.
_RESPONSE_TIMEOUT_S = 0.5
#: Seconds without a response before it is logged; librdkafka may report the cause earlier.
_LOG_AFTER_S = 5.0
_CREATE_TIMEOUT_S = 10.0
_RETRY_S = 0.5
_RETRY_REFUSED_MIN_S = 1.0
_RETRY_REFUSED_MAX_S = 30.0
#: Seconds until a topic that was just created is looked up again.
_CREATED_S = 0.1
#: Kafka's number for its default.replication.factor.
_CLUSTER_DEFAULT = -1


@dataclass(frozen=True)
class Topic:
    """A topic that the publisher needs, and what to create it with if it is missing."""

    name: str
    partitions: int
    #: None for the cluster's default.
    replication: int | None
    config: Mapping[str, str] = field(default_factory=dict)
    #: What the publisher does with it. For Kafka, each of these includes `Describe`.
    operations: tuple[str, ...] = ("Write",)


def new_topic(topic: Topic) -> NewTopic:
    """Return what Kafka's admin client creates *topic* with."""
    return NewTopic(
        topic.name,
        topic.partitions,
        topic.replication or _CLUSTER_DEFAULT,
        config=dict(topic.config),
    )


def create_command(topic: Topic, bootstrap: str) -> str:
    """Return the command with which a person creates *topic* in the cluster at *bootstrap*."""
    replication = f" --replication-factor {topic.replication}" if topic.replication else ""
    config = "".join(f" --config {name}={value}" for name, value in topic.config.items())
    return (
        f"kafka-topics.sh --bootstrap-server {bootstrap} --create --topic {topic.name} "
        f"--partitions {topic.partitions}{replication}{config}"
    )


def is_too_replicated(error: KafkaError) -> bool:
    """Return whether *error*, about a topic, means that the cluster has fewer brokers than that."""
    return error.code() == KafkaError.INVALID_REPLICATION_FACTOR


#: What helps then: the command to create it would fail, too.
FEWER_REPLICAS = "Lower KAFKA_TOPIC_REPLICATION, or start more brokers"


class RequiredTopics:
    """
    The *topics* that must exist and be usable when a session begins.

    If a topic were found missing only when a record needs it, every channel would stall, at a time
    when nobody is watching.
    """

    def __init__(
        self,
        topics: Sequence[Topic],
        *,
        properties: Mapping[str, str],
        has_permissions: bool,
        health: KafkaHealth,
        stop: StopSignals,
        explain: Callable[[str], None],
    ) -> None:
        """
        *properties* are those of the connection; *has_permissions*, whether Kafka knows ACLs.

        *explain* is called with what somebody has to do.
        """
        self._explain = explain
        self._topics = topics
        self.names = [topic.name for topic in topics]
        self._properties = properties
        self._has_permissions = has_permissions
        self._health = health
        self._stop = stop
        #: The last problem of each topic that was logged.
        self._logged: dict[str, str] = {}
        #: The topics without replicas that were logged.
        self._warned: set[str] = set()
        #: Whether somebody had to do something before the last `wait` could end.
        self.had_problems = False

    def wait(self, producer: Producer, serve: Callable[[], None]) -> bool:
        """
        Wait until all topics can be used, and create missing ones; return False when asked to stop.

        *producer* looks them up, and *serve* handles what it reports; an admin client creates them.
        Each problem is logged once. Retries go on indefinitely: every second while Kafka does not
        respond, and with a delay that grows to 30 s while it refuses.
        """
        log_at = time.monotonic() + _LOG_AFTER_S
        delay_s = 0.0
        self.had_problems = False
        while not self._stop.wait(delay_s):
            try:
                errors = self._look_up(producer)
            except KafkaException as error:
                serve()  # librdkafka reports the cause here, if it knows it
                if self._health.reachable and time.monotonic() > log_at:
                    self._health.unreachable(_kafka_error(error))
                delay_s = _RETRY_S
                continue
            serve()  # its reports are older than the response
            self._health.answered()
            problems = self._problems(errors)
            if not errors and not problems:
                self._logged.clear()
                return True
            self.had_problems = self.had_problems or bool(problems)
            if problems:
                self._explain("\n".join(problems.values()))
            if not problems:
                delay_s = _CREATED_S
            elif self._log_new(problems):  # at the start, or somebody has changed something
                delay_s = _RETRY_REFUSED_MIN_S
            else:
                delay_s = min(delay_s * 2, _RETRY_REFUSED_MAX_S)
        return False

    def _look_up(self, producer: Producer) -> dict[str, KafkaError]:
        """Return why topics cannot be found, by name. Raises KafkaException."""
        errors = {}
        for topic in self._topics:
            found = producer.list_topics(topic.name, timeout=_RESPONSE_TIMEOUT_S)
            error = found.topics[topic.name].error
            if error is not None and error.code() != KafkaError.LEADER_NOT_AVAILABLE:
                errors[topic.name] = error
            else:
                self._warn_unreplicated(found, topic.name)
        return errors

    def _warn_unreplicated(self, found: ClusterMetadata, topic: str) -> None:
        """Log once if *topic* has no replicas, although the cluster has brokers for them."""
        text = unreplicated(found, topic, self._properties["bootstrap.servers"])
        if text and topic not in self._warned:
            self._warned.add(topic)
            logger.warning("%s", text)

    def _problems(self, errors: Mapping[str, KafkaError]) -> dict[str, str]:
        """
        Create what is missing by *errors*; return, by topic, what somebody else has to do.

        Without problems, topics with an error have just been created.
        """
        hidden = [topic for topic in self._topics if is_hidden(errors.get(topic.name))]
        problems = {topic.name: _not_permitted(topic.name, topic.operations) for topic in hidden}
        absent = [topic for topic in self._topics if topic.name in errors and topic not in hidden]
        needed = {
            topic.name: topic.operations
            for topic in self._topics
            if self._has_permissions and topic.name not in errors
        }
        if not absent and not needed:
            return problems
        admin = admin_client(self._properties)
        if absent:
            problems |= self._create(admin, absent)
        if needed:
            problems |= {
                name: _not_permitted(name, operations)
                for name, operations in missing(admin, needed)
            }
        return problems

    def _create(self, admin: AdminClient, topics: Sequence[Topic]) -> dict[str, str]:
        """Create *topics*; return the problems with those that Kafka refused, by name."""
        futures = admin.create_topics(
            [new_topic(topic) for topic in topics],
            request_timeout=_CREATE_TIMEOUT_S,
        )
        while not self._stop.requested and wait(futures.values(), timeout=0.2).not_done:
            pass
        problems = {}
        for topic in topics:
            future = futures[topic.name]
            if not future.done():
                continue
            error = future.exception()
            if error is None:
                logger.info("topic %s created, partitions: %d", topic.name, topic.partitions)
            elif _kafka_error(error).code() != KafkaError.TOPIC_ALREADY_EXISTS:
                problems[topic.name] = self._not_created(topic, _kafka_error(error))
        return problems

    def _not_created(self, topic: Topic, error: KafkaError) -> str:
        needs = f"the publisher needs Create on topic {topic.name}: " if is_hidden(error) else ""
        if topic.replication and is_too_replicated(error):
            remedy = FEWER_REPLICAS
        else:
            command = create_command(topic, self._properties["bootstrap.servers"])
            remedy = f"To create it: {command}"
        return (
            f"topic {topic.name} does not exist, and Kafka does not let us create it: {needs}"
            f"{error.str()}; waiting for it. {remedy}"
        )

    def _log_new(self, problems: Mapping[str, str]) -> bool:
        """Log the *problems* that are not logged already; return whether there are any."""
        new = {name: text for name, text in problems.items() if self._logged.get(name) != text}
        for problem in new.values():
            logger.error("%s", problem)
        self._logged |= new
        return bool(new)


def _not_permitted(topic: str, operations: Iterable[str]) -> str:
    return (
        f"Kafka's ACLs do not let the publisher use topic {topic}: it needs "
        f"{' and '.join(operations)} on topic {topic}; waiting until it is granted. Readers keep "
        "what they receive"
    )


def _kafka_error(error: BaseException) -> KafkaError:
    """Return the KafkaError in *error*; raise *error* if it has none."""
    inner = error.args[0]
    if not isinstance(inner, KafkaError):
        raise error
    return inner
