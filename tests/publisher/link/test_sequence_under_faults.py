"""The rules of the link, under arbitrary loss, repetition and restarts."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.frames import Envelope
from publisher.link.sequence import Delivery, ReceivingLink

READER = "xqc/0123456789abcdef"


class LinkUnderFaults(RuleBasedStateMachine):
    """One reader and one publisher, with any fault of a network and any crash between them."""

    @initialize()
    def begin(self) -> None:
        """Start with nothing produced and nothing sent."""
        self.produced = 0  # how many records the reader has numbered, in batches
        self.batches: list[tuple[int, int]] = []  # (first_seq, count) the reader still holds
        self.sent = 0  # how many of these it has sent in this session
        self.wire: list[tuple[int, int, int, int]] = []  # (session, first_seq, count, oldest)
        self.evicted: set[int] = set()
        self.confirmed: set[int] = set()
        self.acknowledged = 0
        self._open_session(1)

    def _open_session(self, session: int) -> None:
        self.link = ReceivingLink(session)
        self.unconfirmed: list[Delivery] = []
        self.published: list[int] = []  # seqs in the order in which Kafka receives them
        self.sent = 0

    @rule(count=st.integers(1, 5))
    def produce(self, count: int) -> None:
        """The reader creates a batch."""
        self.batches.append((self.produced + 1, count))
        self.produced += count

    @precondition(lambda self: self.sent < len(self.batches))
    @rule()
    def send(self) -> None:
        """The reader sends its next batch."""
        first_seq, count = self.batches[self.sent]
        self.wire.append((self.link.session, first_seq, count, self.batches[0][0]))
        self.sent += 1

    @rule()
    def go_back(self) -> None:
        """The reader has timed out, and sends again from its oldest batch."""
        self.sent = 0

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """The connection breaks. Batches in flight are lost, later ones are not."""
        del self.wire[: data.draw(st.integers(1, len(self.wire)))]

    @precondition(lambda self: len(self.batches) > 1)
    @rule()
    def overflow(self) -> None:
        """The outbox is full: the oldest batch is evicted."""
        first_seq, count = self.batches.pop(0)
        self.evicted.update(range(first_seq, first_seq + count))
        self.sent = max(0, self.sent - 1)

    @precondition(lambda self: self.wire)
    @rule()
    def arrive(self) -> None:
        """A batch reaches the publisher."""
        session, first_seq, count, oldest = self.wire.pop(0)
        result = self.link.accept(Envelope(READER, session, first_seq, oldest), count)
        if isinstance(result, Delivery):
            self.unconfirmed.append(result)
            self.published.extend(range(first_seq, first_seq + count))

    @precondition(lambda self: self.unconfirmed)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """Kafka confirms any of its unconfirmed batches."""
        index = data.draw(st.integers(0, len(self.unconfirmed) - 1))
        delivery = self.unconfirmed.pop(index)
        self.confirmed.update(range(delivery.first_seq, delivery.last.seq + 1))
        delivery.confirm()

    @rule(is_received=st.booleans())
    def acknowledge(self, is_received: bool) -> None:
        """The publisher sends its acknowledgements; the reader receives them or not."""
        for position in self.link.take_acknowledgements().values():
            if is_received:
                self._receive_acknowledgement(position.seq)

    def _receive_acknowledgement(self, seq: int) -> None:
        self.acknowledged = max(self.acknowledged, seq)
        while self.batches and self.batches[0][0] + self.batches[0][1] - 1 <= seq:
            self.batches.pop(0)
            self.sent = max(0, self.sent - 1)

    @rule()
    def publisher_crashes(self) -> None:
        """A new session begins, with batches of the old one still on the wire."""
        self._open_session(self.link.session + 1)

    @invariant()
    def only_confirmed_records_are_acknowledged(self) -> None:
        """Every acknowledged record is confirmed, or was evicted before."""
        missing = [
            seq
            for seq in range(1, self.acknowledged + 1)
            if seq not in self.confirmed and seq not in self.evicted
        ]
        assert missing == []

    @invariant()
    def within_a_session_records_are_published_once_and_in_order(self) -> None:
        """Kafka never receives a record twice, or an older record after a newer one."""
        assert self.published == sorted(set(self.published))

    def teardown(self) -> None:
        """Without further faults, every batch in the outbox is acknowledged."""
        if not hasattr(self, "batches"):
            return
        self.wire.clear()
        self.go_back()
        for _ in range(2):  # a lost acknowledgement is repeated when the first batch is sent again
            while self.sent < len(self.batches):
                self.send()
                self.arrive()
                for delivery in self.unconfirmed:
                    self.confirmed.update(range(delivery.first_seq, delivery.last.seq + 1))
                    delivery.confirm()
                self.unconfirmed.clear()
            self.acknowledge(is_received=True)
            self.go_back()
        assert self.batches == []
        accounted_for = set(range(1, self.acknowledged + 1)) | self.evicted
        assert accounted_for == set(range(1, self.produced + 1))


TestLinkUnderFaults = LinkUnderFaults.TestCase
TestLinkUnderFaults.settings = settings(max_examples=150, stateful_step_count=40)
