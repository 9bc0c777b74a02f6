"""
The guarantees for two readers of one channel, under loss, delay, repetition and kills: each message
is published once, and a reader deletes it only when Kafka has it, whichever reader sent it.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.link.standby_model import StandbyWorld, TransactionalStandbyWorld
from tests.link.test_link_protocol import SETTINGS, LinkMachine, readers


class StandbyMachine(LinkMachine):
    """All events of the link, with two readers that receive the same messages."""

    world: StandbyWorld

    def _new_world(self) -> StandbyWorld:
        return StandbyWorld()

    @rule(reader=readers, size=st.integers(1, 3))
    def a_reader_is_away(self, reader: str, size: int) -> None:
        """It misses the next *size* messages."""
        for standby in self.world.standby_readers():
            if standby.name == reader:
                standby.last_message += size

    @rule(reader=readers, size=st.integers(1, 3))
    def a_batch_arrives_at_once(self, reader: str, size: int) -> None:
        """As most do. Otherwise batches of both readers would rarely be unconfirmed together."""
        self.world.readers[reader].append(size)
        self.world.announce()
        while self.world.send(reader):
            pass
        while self.world.messages:
            self.world.receive()

    @precondition(lambda self: self.world.unconfirmed)
    @rule(position=st.integers(0, 20))
    def kafka_confirms_and_the_acknowledgements_arrive(self, position: int) -> None:
        """As most do."""
        self.world.confirm(position % len(self.world.unconfirmed))
        while self.world.acknowledgements:
            self.world.receive_acknowledgement()

    @invariant()
    def only_records_in_kafka_are_acknowledged(self) -> None:
        """Either reader may have sent them."""
        in_kafka = set(self.world.messages_in_kafka())
        for reader in self.world.standby_readers():
            assert reader.held(reader.acknowledged) <= in_kafka

    @invariant()
    def within_a_session_there_are_no_duplicates_and_the_order_is_kept(self) -> None:
        """No message is in Kafka twice, not even across sessions."""
        messages = self.world.messages_in_kafka()
        assert len(messages) == len(set(messages))

    def teardown(self) -> None:
        """Once everything succeeds again, every message is in Kafka and the outboxes are empty."""
        self.world.settle()
        in_kafka = set(self.world.messages_in_kafka())
        for reader in self.world.standby_readers():
            assert reader.held(reader.last_seq) <= in_kafka


class TransactionalStandbyMachine(StandbyMachine):
    """The same events, with a publisher that delivers exactly once."""

    def _new_world(self) -> StandbyWorld:
        return TransactionalStandbyWorld()


StandbyMachine.TestCase.settings = SETTINGS
TransactionalStandbyMachine.TestCase.settings = SETTINGS
TestStandby = StandbyMachine.TestCase
TestTransactionalStandby = TransactionalStandbyMachine.TestCase
