"""
The link's guarantees under loss, delay, repetition and kills. Hypothesis drives both real ends
through a model of everything between them.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.link.model import TransactionalWorld, World

readers = st.sampled_from(["ann", "bob"])


class LinkMachine(RuleBasedStateMachine):
    """All events can happen in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self._new_world()

    def _new_world(self) -> World:
        return World()

    @rule(reader=readers, size=st.integers(1, 3))
    def a_reader_receives_chat(self, reader: str, size: int) -> None:
        """A batch is put into its outbox."""
        self.world.readers[reader].append(size)

    @rule(reader=readers)
    def a_reader_sends(self, reader: str) -> None:
        """It sends the next batch, if it may."""
        self.world.send(reader)

    @rule()
    def the_publisher_announces_itself(self) -> None:
        """It does so every second."""
        self.world.announce()

    @rule(reader=readers)
    def a_reader_reconnects(self, reader: str) -> None:
        """It receives the session, and goes back."""
        self.world.reconnect(reader)

    @precondition(lambda self: self.world.messages)
    @rule()
    def a_message_arrives(self) -> None:
        """The publisher accepts or refuses it."""
        self.world.receive()

    @precondition(lambda self: self.world.messages)
    @rule(position=st.integers(0, 20))
    def a_message_is_lost(self, position: int) -> None:
        """For example, when a connection is reset."""
        del self.world.messages[position % len(self.world.messages)]

    @precondition(lambda self: self.world.messages)
    @rule()
    def a_message_is_delayed(self) -> None:
        """It arrives after others, as when it was on an old connection."""
        self.world.messages.append(self.world.messages.popleft())

    @precondition(lambda self: self.world.unconfirmed)
    @rule(position=st.integers(0, 20))
    def kafka_confirms(self, position: int) -> None:
        """The readers are in different partitions, so Kafka may confirm them in any order."""
        self.world.confirm(position % len(self.world.unconfirmed))

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_arrives(self) -> None:
        """The reader accepts or ignores it."""
        self.world.receive_acknowledgement()

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_is_lost(self) -> None:
        """A PUB socket does not guarantee delivery."""
        self.world.acknowledgements.popleft()

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_is_repeated(self) -> None:
        """It arrives again later, after others."""
        self.world.acknowledgements.append(self.world.acknowledgements[0])

    @rule(reader=readers)
    def a_reader_is_killed(self, reader: str) -> None:
        """And restarted, with the batches in its outbox."""
        self.world.readers[reader].start(self.world.now)

    @rule(reader=readers, lost=st.integers(0, 3))
    def a_readers_host_crashes(self, reader: str, lost: int) -> None:
        """And reboots: the disk may have lost the last batches, although they were sent."""
        batches = self.world.readers[reader].batches
        self.world.readers[reader].reboot(min(lost, len(batches)), self.world.now)

    @rule(written=st.integers(0, 5))
    def the_publisher_is_killed(self, written: int) -> None:
        """And restarted, without any state."""
        self.world.restart_publisher(written)

    @rule()
    def time_passes(self) -> None:
        """Long enough for readers to send again."""
        self.world.pass_time()

    @precondition(lambda self: any(r.batches for r in self.world.readers.values()))
    @rule(reader=readers, position=st.sampled_from([0, 0, 1, 2]))
    def an_outbox_overflows(self, reader: str, position: int) -> None:
        """It evicts its oldest batch, or its oldest one in memory, which follows those on disk."""
        if len(self.world.readers[reader].batches) > position:
            self.world.readers[reader].evict(position)

    @invariant()
    def only_records_in_kafka_are_acknowledged(self) -> None:
        """Every record up to the acknowledged one is in Kafka, but for evicted records."""
        for name, reader in self.world.readers.items():
            in_kafka = {published.seq for published in self.world.published(name)}
            acknowledged = set(range(1, reader.acknowledged + 1))
            assert acknowledged <= in_kafka | reader.evicted

    @invariant()
    def within_a_session_there_are_no_duplicates_and_the_order_is_kept(self) -> None:
        """Numbers rise. Only evicted ones are missing."""
        for name, reader in self.world.readers.items():
            for earlier, later in pairwise(self.world.published(name)):
                if earlier.session == later.session:
                    between = set(range(earlier.seq + 1, later.seq))
                    assert earlier.seq < later.seq
                    assert between <= reader.evicted

    def teardown(self) -> None:
        """Once everything succeeds again, every record is confirmed and the outboxes are empty."""
        self.world.settle()
        for name, reader in self.world.readers.items():
            in_kafka = {published.seq for published in self.world.published(name)}
            assert in_kafka | reader.evicted >= set(range(1, reader.last_seq + 1))
            assert reader.acknowledged == reader.last_seq or reader.last_seq in reader.evicted


class TransactionalLinkMachine(LinkMachine):
    """The same events, with a publisher that delivers exactly once."""

    def _new_world(self) -> World:
        return TransactionalWorld()

    @invariant()
    def there_are_no_duplicates_and_the_order_is_kept(self) -> None:
        """Numbers rise across all sessions."""
        for name in self.world.readers:
            for earlier, later in pairwise(self.world.published(name)):
                assert earlier.seq < later.seq


SETTINGS = settings(max_examples=300, stateful_step_count=60, print_blob=True)
LinkMachine.TestCase.settings = SETTINGS
TransactionalLinkMachine.TestCase.settings = SETTINGS
TestLink = LinkMachine.TestCase
TestTransactionalLink = TransactionalLinkMachine.TestCase
