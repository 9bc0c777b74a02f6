"""
The guarantee when outboxes are copied, under loss, delay, repetition and kills: no reader deletes a
message that is not in Kafka, whatever the copies do. At worst, messages are published twice. The
one exception are messages that a copy evicted: its gap record covers them, for the others too.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.link.copies_model import CopiesWorld, TransactionalCopiesWorld
from tests.link.test_link_protocol import LinkMachine, readers


class CopiesMachine(LinkMachine):
    """All events of the link, with backups, clones and a second publisher."""

    world: CopiesWorld

    def _new_world(self) -> CopiesWorld:
        return CopiesWorld()

    @rule(reader=readers)
    def an_outbox_is_copied(self, reader: str) -> None:
        """While its reader runs."""
        self.world.back_up(reader)

    @precondition(lambda self: self.world.backups)
    @rule(reader=readers, backup=st.integers(0, 20))
    def a_backup_is_restored(self, reader: str, backup: int) -> None:
        """In place of the same outbox, or of another one: then both copies are in use."""
        self.world.restore(reader, backup % len(self.world.backups))

    @rule(reader=readers, size=st.integers(1, 3))
    def chat_is_published_and_acknowledged(self, reader: str, size: int) -> None:
        """As most is. Otherwise readers would rarely go far beyond a backup."""
        self.world.readers[reader].append(size)
        self.world.announce()
        while self.world.send(reader):
            pass
        while self.world.messages:
            self.world.receive()
        while self.world.unconfirmed:
            self.world.confirm(0)
        while self.world.acknowledgements:
            self.world.receive_acknowledgement()

    @rule(first=readers, size=st.integers(1, 3))
    def chat_arrives_from_both(self, first: str, size: int) -> None:
        """In two batches each. Otherwise copies would rarely get to the same number."""
        self.world.announce()
        for name in sorted(self.world.readers, key=lambda name: name != first):
            for _ in range(2):
                self.world.readers[name].append(size)
            while self.world.send(name):
                pass
        while self.world.messages:
            self.world.receive()

    @rule()
    def the_readers_switch_to_the_other_publisher(self) -> None:
        """It knows what it accepted before."""
        self.world.switch_publishers()

    @invariant()
    def only_records_in_kafka_are_acknowledged(self) -> None:
        """By their texts: copies of an outbox use the same numbers for different ones."""
        for reader in self.world.copied_readers():
            assert reader.deleted <= self.world.texts_in_kafka | reader.evicted_texts

    @invariant()
    def within_a_session_there_are_no_duplicates_and_the_order_is_kept(self) -> None:
        """This holds for the numbers of a name only without copies."""

    def teardown(self) -> None:
        """Once everything succeeds again, all that was held is in Kafka, the outboxes are empty."""
        held = [(reader, reader.held()) for reader in self.world.copied_readers()]
        self.world.settle()
        for reader, texts in held:
            assert texts <= self.world.texts_in_kafka | reader.evicted_texts


class TransactionalCopiesMachine(CopiesMachine):
    """The same events, with publishers that deliver exactly once."""

    def _new_world(self) -> CopiesWorld:
        return TransactionalCopiesWorld()


SETTINGS = settings(max_examples=200, stateful_step_count=60, print_blob=True)
CopiesMachine.TestCase.settings = SETTINGS
TransactionalCopiesMachine.TestCase.settings = SETTINGS
TestCopies = CopiesMachine.TestCase
TestTransactionalCopies = TransactionalCopiesMachine.TestCase
