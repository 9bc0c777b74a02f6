"""
The promises to two readers of one channel, whatever is lost, delayed, repeated or killed: each
message is published once, and neither deletes what Kafka does not have from the one or the other.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.link.standby_model import StandbyWorld, TransactionalStandbyWorld
from tests.link.test_link_protocol import SETTINGS, LinkMachine, readers


class StandbyMachine(LinkMachine):
    """All that may happen to the link, with what its readers hear told apart by message."""

    world: StandbyWorld

    def _new_world(self) -> StandbyWorld:
        return StandbyWorld()

    @rule(reader=readers, size=st.integers(1, 3))
    def a_reader_is_away(self, reader: str, size: int) -> None:
        """It misses what is said meanwhile."""
        for standby in self.world.standby_readers():
            if standby.name == reader:
                standby.heard += size

    @rule(reader=readers, size=st.integers(1, 3))
    def a_batch_arrives_at_once(self, reader: str, size: int) -> None:
        """As most do: else both readers' would hardly ever be on the way to Kafka together."""
        self.world.readers[reader].say(size)
        self.world.announce()
        while self.world.send(reader):
            pass
        while self.world.messages:
            self.world.receive()

    @precondition(lambda self: self.world.on_the_way)
    @rule(position=st.integers(0, 20))
    def kafka_confirms_and_that_is_heard(self, position: int) -> None:
        """As most confirmations are."""
        self.world.confirm(position % len(self.world.on_the_way))
        while self.world.acknowledgements:
            self.world.hear()

    @invariant()
    def nothing_is_acknowledged_that_kafka_does_not_have(self) -> None:
        """From whichever reader Kafka has it."""
        in_kafka = set(self.world.messages_in_kafka())
        for reader in self.world.standby_readers():
            assert reader.held(reader.acknowledged) <= in_kafka

    @invariant()
    def within_a_session_nothing_is_published_twice_or_out_of_order(self) -> None:
        """No message is there twice, in no session."""
        messages = self.world.messages_in_kafka()
        assert len(messages) == len(set(messages))

    def teardown(self) -> None:
        """When all goes well again, every message is there, and the outboxes are empty."""
        self.world.settle()
        in_kafka = set(self.world.messages_in_kafka())
        for reader in self.world.standby_readers():
            assert reader.held(reader.last_seq) <= in_kafka


class TransactionalStandbyMachine(StandbyMachine):
    """The same with a publisher that delivers exactly once."""

    def _new_world(self) -> StandbyWorld:
        return TransactionalStandbyWorld()


StandbyMachine.TestCase.settings = SETTINGS
TransactionalStandbyMachine.TestCase.settings = SETTINGS
TestStandby = StandbyMachine.TestCase
TestTransactionalStandby = TransactionalStandbyMachine.TestCase
