"""The service under faults: readers and a publisher as processes, sent messages, and verdict."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.status.publisher_status import publisher_page
from common.status.reader_status import reader_page
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import Service
from tests.faults.books import Audit, InKafka, compare_publisher, compare_readers
from tests.faults.judge import Verdict, judge
from tests.faults.machine import Machine
from tests.faults.records import arrivals_of, events_of, gaps_of
from tests.faults.speaker import Speaker
from tests.processes import Process, StartProcess, python_module, wait_for, wait_for_line
from tests.topics import Isolation, read_all, read_topic

CHANNELS = ("xqc", "shroud", "forsen")

_FINAL_MESSAGES = 5
_PARTITIONS = 6
_START_WITHIN_S = 60
_ARRIVE_WITHIN_S = 60
_READ_WITHIN_S = 60
#: Readers switch when a publisher has been silent, or back, for 10 s.
_SWITCH_WITHIN_S = 60
#: A reader delivers its outbox for up to 10 s, and then disconnects.
_STOP_WITHIN_S = 60

#: The values of DELIVERY, and the isolation level that a consumer needs for each.
AT_LEAST_ONCE = "at-least-once"
ISOLATION: Mapping[str, Isolation] = {
    AT_LEAST_ONCE: "read_uncommitted",
    "exactly-once": "read_committed",
}


class Stage:
    """An installation with its Twitch and its Kafka. It does not restart processes by itself."""

    def __init__(
        self,
        start: StartProcess,
        chat: BackgroundChatServer,
        service: Service,
        delivery: str,
        *,
        readers_on: Machine | None = None,
        padding: str = "",
    ) -> None:
        """Readers run on *readers_on*, or on this machine; *padding* is appended to each text."""
        self.chat = chat
        self.speaker = Speaker(chat, CHANNELS, padding=padding)
        self.environment = service.environment
        self.readers: dict[str, Process] = {}
        self._publisher: Process | None = None
        self._standby: Process | None = None
        self._start = start
        self._delivery = delivery
        self._readers_on = readers_on
        self._topic = self.environment["KAFKA_TOPIC_CHAT_MESSAGES"]
        self._events_topic = self.environment["KAFKA_TOPIC_CHAT_EVENTS"]
        self._gaps_topic = self.environment["KAFKA_TOPIC_CHAT_GAPS"]
        self._bootstrap = self.environment["KAFKA_BROKERS"]
        #: How often a publisher was killed. Each kill may cause duplicates.
        self.publisher_kills = 0
        self._reader_was_killed = False
        state = Path(self.environment["STATE_DIR"])
        #: Reads the status pages while the stage is used.
        self.audit = Audit(self._reader_pages, publisher_page(state))
        for topic in (self._topic, self._events_topic):
            self._create_topic(topic)

    @property
    def publisher(self) -> Process:
        """The publisher that was started last, without standbys."""
        assert self._publisher, "no publisher was started"
        return self._publisher

    def start(self) -> None:
        """Start everything, and return once messages arrive in Kafka."""
        self.start_publisher()
        self.start_readers()
        self.wait_until_ready()
        self.say_and_read()

    def start_publisher(self) -> None:
        """Start a publisher; it need not be ready when this returns."""
        self._publisher = self._start(python_module("publisher"), self.environment)

    def start_standby(self, batches: str, acknowledgements: str) -> None:
        """Start another publisher with these addresses, and return once it is ready."""
        binds = {"PUBLISHER_BIND": batches, "PUBLISHER_ACK_BIND": acknowledgements}
        self._standby = self._start(python_module("publisher"), self.environment | binds)
        wait_for_line(self._standby, "is ready: session", _START_WITHIN_S)

    def lose_publisher(self) -> None:
        """Kill the publisher (SIGKILL) without a restart."""
        self.publisher_kills += 1
        self.publisher.send(signal.SIGKILL)
        self.publisher.kill()

    def wait_until_switched(self, times: int) -> None:
        """Return once each reader has switched to another publisher at least *times* times."""

        def have_switched() -> bool:
            outputs = [reader.output() for reader in self.readers.values()]
            return all(output.count("switching from") >= times for output in outputs)

        wait_for(have_switched, _SWITCH_WITHIN_S, "the readers to switch to another publisher")

    def wait_until_ready(self) -> None:
        """Return once the publisher accepts batches."""
        wait_for_line(self.publisher, "is ready: session", _START_WITHIN_S)

    def start_readers(self) -> None:
        """Start all readers, and return once they are in their channels."""
        for channel in CHANNELS:
            self.start_reader(channel)
        for reader in self.readers.values():
            wait_for_line(reader, "in the channel", _START_WITHIN_S)

    def start_reader(self, channel: str) -> None:
        """Start a reader; it need not be ready when this returns."""
        prefix = self._readers_on.prefix if self._readers_on else []
        command = [*prefix, *python_module("readers", channel)]
        self.readers[channel] = self._start(command, self.environment)

    def kill(
        self,
        *,
        publisher: bool = False,
        readers: Sequence[str] = (),
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Kill these processes together (SIGKILL), call *meanwhile*, and restart them."""
        victims = [self.readers[channel] for channel in readers]
        self._reader_was_killed |= bool(victims)
        if publisher:
            victims.append(self.publisher)
            self.publisher_kills += 1
        for victim in victims:
            assert victim.status is None, victim.tail()
            victim.send(signal.SIGKILL)
        for victim in victims:
            victim.kill()
        meanwhile()
        if publisher:
            self.start_publisher()
        for channel in readers:
            self.start_reader(channel)

    def stop_publisher(self) -> None:
        """Stop the publisher (SIGTERM), start another, and return once that accepts batches."""
        assert self.publisher.stop(timeout_s=_STOP_WITHIN_S) == 0, self.publisher.tail()
        self.start_publisher()
        self.wait_until_ready()

    def stop_readers(self, *, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Stop all readers (SIGTERM), call *meanwhile*, and start all readers again."""
        self._stop_all_readers()
        meanwhile()
        self.start_readers()

    def say_and_read(self) -> None:
        """Send messages, and return once Kafka has every message received so far."""
        self.speaker.say_until_received(_FINAL_MESSAGES)
        received = sum(message.received for message in self.speaker.sent)
        read_topic(
            self._bootstrap,
            self._topic,
            count=received,
            timeout_s=_ARRIVE_WITHIN_S,
            isolation=ISOLATION[self._delivery],
        )

    def verdict(self) -> Verdict:
        """
        Wait for outstanding messages, stop everything, and judge what is in Kafka.

        Raises AssertionError if a process has exited by itself, or does not exit cleanly.
        """
        for process in (*self.readers.values(), self.publisher):
            assert process.status is None, process.tail()
        with suppress(TimeoutError):  # then messages are missing, and the verdict lists them
            self.say_and_read()
        undelivered = self._stop()
        messages, events, gaps = (
            read_all(
                self._bootstrap,
                topic,
                timeout_s=_READ_WITHIN_S,
                isolation=ISOLATION[self._delivery],
            )
            for topic in (self._topic, self._events_topic, self._gaps_topic)
        )
        in_kafka = InKafka(arrivals_of(messages), events_of(events), gaps_of(gaps))
        verdict = judge(self.speaker.sent, in_kafka.messages, in_kafka.gaps, in_kafka.events)
        verdict.wrong += undelivered
        told = {event.reader.partition("/")[0] for event in in_kafka.events if event.is_settings}
        verdict.events.lost += [f"the settings of #{name}" for name in set(CHANNELS) - told]
        self._audit_books(verdict, in_kafka)
        return verdict

    def _audit_books(self, verdict: Verdict, in_kafka: InKafka) -> None:
        """Add to *verdict* what the books of the stopped processes say."""
        books = self.audit.finish()
        verdict.books_received, verdict.dropped = books.received, books.dropped
        verdict.unbalanced = books.problems
        assert books.publisher, "the publisher has no page"
        may_be_behind = bool(self.publisher_kills or books.publisher.abandoned or self._standby)
        by_topic = {
            self._topic: len(in_kafka.messages),
            self._events_topic: len(in_kafka.events),
            self._gaps_topic: len(in_kafka.gaps),
        }
        verdict.otherwise = [
            *compare_readers(books, in_kafka, killed=self._reader_was_killed),
            *compare_publisher(books.publisher, by_topic, may_be_behind=may_be_behind),
        ]

    def _reader_pages(self) -> Mapping[str, Path]:
        pages = {name: reader_page(Path(self.environment["STATE_DIR"]), name) for name in CHANNELS}
        if not self._readers_on:
            return pages
        return {name: self._readers_on.path(page) for name, page in pages.items()}

    def _stop(self) -> Sequence[str]:
        """Stop everything cleanly; return a text for each outbox that is not empty."""
        self._stop_all_readers()
        for publisher in filter(None, (self.publisher, self._standby)):
            assert publisher.stop(timeout_s=_STOP_WITHIN_S) == 0, publisher.tail()
        undelivered = {channel: self._batches_in_outbox(channel) for channel in CHANNELS}
        return [
            f"{count} batches are still in {name}'s outbox"
            for name, count in undelivered.items()
            if count
        ]

    def _batches_in_outbox(self, channel: str) -> int:
        state = Path(self.environment["STATE_DIR"])
        file = state / "outbox" / f"{channel}.db"
        # SQLite does not open files in another mount namespace.
        copy = state / f"copy-of-{file.name}"
        for suffix in ("", "-wal"):
            original = Path(f"{self._readers_on.path(file) if self._readers_on else file}{suffix}")
            if original.exists():
                Path(f"{copy}{suffix}").write_bytes(original.read_bytes())
        with closing(sqlite3.connect(copy)) as database:
            (count,) = database.execute("SELECT count(*) FROM batch").fetchone()
        return int(count)

    def _stop_all_readers(self) -> None:
        for reader in self.readers.values():
            reader.send(signal.SIGTERM)
        for reader in self.readers.values():
            assert reader.wait(_STOP_WITHIN_S) == 0, reader.tail()

    def _create_topic(self, topic: str) -> None:
        # With Kafka's own timestamps the longest silence can be measured.
        clock = {"message.timestamp.type": "LogAppendTime"}
        admin = AdminClient({"bootstrap.servers": self._bootstrap})

        def create() -> bool:
            new = NewTopic(topic, num_partitions=_PARTITIONS, config=clock)
            try:
                admin.create_topics([new])[topic].result(_START_WITHIN_S)
            except KafkaException as error:
                # On a busy machine the only broker may be considered down for a moment.
                return bool(error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS)
            return True

        wait_for(create, _START_WITHIN_S, f"Kafka to create {topic}")
