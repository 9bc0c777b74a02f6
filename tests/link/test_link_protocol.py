"""
The link's promises, whatever is lost, delayed, repeated or killed: hypothesis drives both real
ends through a model of everything between them.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.link.model import TransactionalWorld, World

readers = st.sampled_from(["ann", "bob"])


class LinkMachine(RuleBasedStateMachine):
    """Anything may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self._new_world()

    def _new_world(self) -> World:
        return World()

    @rule(reader=readers, size=st.integers(1, 3))
    def a_reader_hears_chat(self, reader: str, size: int) -> None:
        """A batch goes into its outbox."""
        self.world.readers[reader].say(size)

    @rule(reader=readers)
    def a_reader_sends(self, reader: str) -> None:
        """The next batch, if it may."""
        self.world.send(reader)

    @rule()
    def the_publisher_announces_itself(self) -> None:
        """As it does every second."""
        self.world.announce()

    @rule(reader=readers)
    def a_reader_reconnects(self, reader: str) -> None:
        """It is told of the session, and goes back."""
        self.world.reconnect(reader)

    @precondition(lambda self: self.world.messages)
    @rule()
    def a_message_arrives(self) -> None:
        """The publisher takes it, or not."""
        self.world.receive()

    @precondition(lambda self: self.world.messages)
    @rule(position=st.integers(0, 20))
    def a_message_is_lost(self, position: int) -> None:
        """As when a connection is reset."""
        del self.world.messages[position % len(self.world.messages)]

    @precondition(lambda self: self.world.on_the_way)
    @rule(position=st.integers(0, 20))
    def kafka_confirms(self, position: int) -> None:
        """Readers lie in different partitions, so one may come before the other."""
        self.world.confirm(position % len(self.world.on_the_way))

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_arrives(self) -> None:
        """The reader believes it, or not."""
        self.world.hear()

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_is_lost(self) -> None:
        """A PUB socket promises nothing."""
        self.world.acknowledgements.popleft()

    @precondition(lambda self: self.world.acknowledgements)
    @rule()
    def an_acknowledgement_is_repeated(self) -> None:
        """It comes again later, after others."""
        self.world.acknowledgements.append(self.world.acknowledgements[0])

    @rule(reader=readers)
    def a_reader_is_killed(self, reader: str) -> None:
        """And started: it knows what lies in its outbox."""
        self.world.readers[reader].start(self.world.now)

    @rule(reader=readers, forgotten=st.integers(0, 3))
    def a_readers_host_crashes(self, reader: str, forgotten: int) -> None:
        """And boots: the last batches may be gone from the disk, although they were sent."""
        batches = self.world.readers[reader].batches
        self.world.readers[reader].reboot(min(forgotten, len(batches)), self.world.now)

    @rule(written=st.integers(0, 5))
    def the_publisher_is_killed(self, written: int) -> None:
        """And started: it knows nothing."""
        self.world.restart_publisher(written)

    @rule()
    def time_passes(self) -> None:
        """Enough to send again."""
        self.world.pass_time()

    @precondition(lambda self: any(r.batches for r in self.world.readers.values()))
    @rule(reader=readers)
    def an_outbox_overflows(self, reader: str) -> None:
        """Its oldest batch goes."""
        if self.world.readers[reader].batches:
            self.world.readers[reader].evict_oldest()

    @invariant()
    def nothing_is_acknowledged_that_kafka_does_not_have(self) -> None:
        """But for what a full outbox gave up, every record up to the acknowledged one is there."""
        for name, reader in self.world.readers.items():
            in_kafka = {published.seq for published in self.world.published(name)}
            acknowledged = set(range(1, reader.acknowledged + 1))
            assert acknowledged <= in_kafka | reader.evicted

    @invariant()
    def within_a_session_nothing_is_published_twice_or_out_of_order(self) -> None:
        """Numbers rise, and leave out only what a full outbox gave up."""
        for name, reader in self.world.readers.items():
            for earlier, later in pairwise(self.world.published(name)):
                if earlier.session == later.session:
                    between = set(range(earlier.seq + 1, later.seq))
                    assert earlier.seq < later.seq
                    assert between <= reader.evicted

    def teardown(self) -> None:
        """When all goes well again, every record is confirmed, and the outboxes are empty."""
        self.world.settle()
        for name, reader in self.world.readers.items():
            in_kafka = {published.seq for published in self.world.published(name)}
            assert in_kafka | reader.evicted >= set(range(1, reader.last_seq + 1))
            assert reader.acknowledged == reader.last_seq or reader.last_seq in reader.evicted


class TransactionalLinkMachine(LinkMachine):
    """Anything may happen to a publisher that delivers exactly once."""

    def _new_world(self) -> World:
        return TransactionalWorld()

    @invariant()
    def nothing_is_ever_published_twice_or_out_of_order(self) -> None:
        """Whichever sessions it was in: numbers rise."""
        for name in self.world.readers:
            for earlier, later in pairwise(self.world.published(name)):
                assert earlier.seq < later.seq


SETTINGS = settings(max_examples=300, stateful_step_count=60, deadline=None, print_blob=True)
LinkMachine.TestCase.settings = SETTINGS
TransactionalLinkMachine.TestCase.settings = SETTINGS
TestLink = LinkMachine.TestCase
TestTransactionalLink = TransactionalLinkMachine.TestCase
