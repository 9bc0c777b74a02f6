"""The rules of the link, by examples, and under arbitrary loss, repetition and restarts."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.frames import Envelope
from publisher.link.sequence import Delivery, Position, ReceivingLink, Refusal

SESSION = 7
READER = "xqc/0123456789abcdef"


def accept(
    link: ReceivingLink, first_seq: int, count: int, *, oldest: int = 1, reader: str = READER
) -> Delivery | Refusal:
    return link.accept(Envelope(reader, SESSION, first_seq, oldest), count)


def accept_batch(
    link: ReceivingLink, first_seq: int, count: int, *, oldest: int = 1, reader: str = READER
) -> Delivery:
    delivery = accept(link, first_seq, count, oldest=oldest, reader=reader)
    assert isinstance(delivery, Delivery)
    return delivery


def test_a_batch_of_another_session_is_refused() -> None:
    """Its acknowledgement is not repeated, because the reader would ignore it."""
    link = ReceivingLink(SESSION)
    accept_batch(link, 1, 10).confirm()
    link.take_acknowledgements()

    result = link.accept(Envelope(READER, SESSION + 1, 11, 11), 10)

    assert result is Refusal.OTHER_SESSION
    assert link.take_acknowledgements() == {}


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_accepted"),
    [
        pytest.param(1, 1, True, id="its very first"),
        pytest.param(41, 41, True, id="its oldest, after the publisher restarted"),
        pytest.param(51, 41, False, id="one after its oldest, which must be lost"),
    ],
)
def test_a_new_reader_begins_with_its_oldest_record(
    first_seq: int, oldest: int, is_accepted: bool
) -> None:
    """A batch of an unknown reader is accepted only if no earlier batch can be lost."""
    result = accept(ReceivingLink(SESSION), first_seq, 10, oldest=oldest)

    assert isinstance(result, Delivery) is is_accepted


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_accepted"),
    [
        pytest.param(11, 1, True, id="the next"),
        pytest.param(11, 11, True, id="the next, all earlier ones acknowledged"),
        pytest.param(1, 1, False, id="a repetition"),
        pytest.param(21, 1, False, id="one too far"),
        pytest.param(31, 31, True, id="its oldest, earlier ones evicted by the reader"),
        pytest.param(41, 31, False, id="after its oldest"),
        pytest.param(6, 6, False, id="in the middle of an accepted batch"),
    ],
)
def test_a_known_reader_continues_with_its_next_record(
    first_seq: int, oldest: int, is_accepted: bool
) -> None:
    """After records 1 to 10: record 11, or the reader's oldest one if that is later."""
    link = ReceivingLink(SESSION)
    accept_batch(link, 1, 10)

    assert isinstance(accept(link, first_seq, 10, oldest=oldest), Delivery) is is_accepted


def test_a_refused_batch_of_an_unknown_reader_leaves_no_trace() -> None:
    """The reader is neither remembered nor sent an acknowledgement."""
    link = ReceivingLink(SESSION)

    assert accept(link, 11, 10) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {}
    assert accept_batch(link, 1, 10).is_first


def test_only_the_first_batch_of_a_reader_is_marked_as_first() -> None:
    """Once per reader and session."""
    link = ReceivingLink(SESSION)

    assert [accept_batch(link, 1, 5).is_first, accept_batch(link, 6, 5).is_first] == [True, False]


def test_the_acknowledged_seq_is_the_last_one_before_an_unconfirmed_batch() -> None:
    """Kafka may confirm batches in any order."""
    link = ReceivingLink(SESSION)
    first, second, third = (
        accept_batch(link, 1, 10),
        accept_batch(link, 11, 10),
        accept_batch(link, 21, 10),
    )

    second.confirm()
    assert link.take_acknowledgements() == {}
    first.confirm()
    assert link.take_acknowledgements() == {READER: Position(20)}
    third.confirm()
    assert link.take_acknowledgements() == {READER: Position(30)}


def test_acknowledgements_are_merged_and_returned_once() -> None:
    """The last one of each reader, and nothing if there was no progress since."""
    link = ReceivingLink(SESSION)
    for first_seq in (1, 11, 21):
        accept_batch(link, first_seq, 10).confirm()
    accept_batch(link, 1, 5, reader="other/00").confirm()

    assert link.take_acknowledgements() == {READER: Position(30), "other/00": Position(5)}
    assert link.take_acknowledgements() == {}


def test_the_last_acknowledgement_is_repeated_for_a_refused_batch() -> None:
    """The reader seems not to have received it."""
    link = ReceivingLink(SESSION)
    accept_batch(link, 1, 10).confirm()
    accept_batch(link, 11, 10)
    link.take_acknowledgements()

    assert accept(link, 1, 10) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {READER: Position(10)}


def test_an_acknowledgement_skips_records_that_the_reader_has_evicted() -> None:
    """Records that no longer exist are not waited for."""
    link = ReceivingLink(SESSION)
    accept_batch(link, 1, 10).confirm()
    accept_batch(link, 31, 10, oldest=31).confirm()

    assert link.take_acknowledgements() == {READER: Position(40)}


def test_the_reader_that_has_been_silent_longest_is_forgotten_first() -> None:
    """This bounds the memory. A forgotten reader begins again with its oldest record."""
    link = ReceivingLink(SESSION, remembered_readers=2)
    for reader, first_seq in (("a", 1), ("b", 1), ("a", 11), ("c", 1)):
        accept_batch(link, first_seq, 10, reader=reader).confirm()

    assert not accept_batch(link, 21, 10, reader="a").is_first
    assert accept_batch(link, 1, 10, reader="b").is_first


def test_a_reader_with_unconfirmed_batches_is_never_forgotten() -> None:
    """Even beyond the bound: its batches are still to be acknowledged."""
    link = ReceivingLink(SESSION, remembered_readers=1)
    deliveries = [accept_batch(link, 1, 10, reader=reader) for reader in ("a", "b", "c")]

    for delivery in deliveries:
        delivery.confirm()

    assert link.take_acknowledgements() == {"a": Position(10), "b": Position(10), "c": Position(10)}


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_accepted"),
    [
        pytest.param(1, 1, False, id="all published by an earlier session"),
        pytest.param(6, 1, False, id="some published by an earlier session"),
        pytest.param(11, 1, True, id="the next, acknowledgement not received"),
        pytest.param(11, 11, True, id="the next"),
        pytest.param(21, 1, False, id="one too far"),
        pytest.param(31, 31, True, id="its oldest, earlier ones evicted by the reader"),
        pytest.param(41, 31, False, id="after its oldest"),
    ],
)
def test_a_reader_with_a_checkpoint_continues_after_it(
    first_seq: int, oldest: int, is_accepted: bool
) -> None:
    """After a checkpoint of 10: record 11, or the reader's oldest one if that is later."""
    link = ReceivingLink(SESSION, checkpoints={READER: Position(10)})

    assert isinstance(accept(link, first_seq, 10, oldest=oldest), Delivery) is is_accepted


def test_a_batch_before_the_checkpoint_is_refused_and_acknowledged() -> None:
    """The earlier session could not send that acknowledgement. It is sent for each batch."""
    link = ReceivingLink(SESSION, checkpoints={READER: Position(10), "other/00": Position(5)})

    for first_seq in (1, 6):
        assert accept(link, first_seq, 5) is Refusal.NOT_NEXT
        assert link.take_acknowledgements() == {READER: Position(10)}


def test_the_first_batch_after_a_checkpoint_is_marked_as_first() -> None:
    """The checkpoint is of an earlier session."""
    link = ReceivingLink(SESSION, checkpoints={READER: Position(10)})
    accept(link, 1, 10)

    assert [accept_batch(link, 11, 5).is_first, accept_batch(link, 16, 5).is_first] == [True, False]


def test_a_reader_that_is_forgotten_keeps_its_checkpoint() -> None:
    """Its batches of this session count, and are not accepted again."""
    link = ReceivingLink(SESSION, checkpoints={"a": Position(10)}, remembered_readers=1)
    accept_batch(link, 11, 10, reader="a").confirm()
    accept_batch(link, 1, 10, reader="b").confirm()
    link.take_acknowledgements()

    assert accept(link, 11, 10, reader="a") is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {"a": Position(20)}
    assert accept_batch(link, 21, 10, reader="a").is_first
    assert accept(link, 1, 10, reader="b") is Refusal.NOT_NEXT


def test_readers_with_only_refused_batches_are_forgotten_too() -> None:
    """They are counted towards the bound as well."""
    checkpoints = {f"reader{number}/00": Position(10) for number in range(100)}
    link = ReceivingLink(SESSION, checkpoints=checkpoints, remembered_readers=1)
    for reader in list(checkpoints):
        accept(link, 1, 10, reader=reader)

    assert len(checkpoints) == 99


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
TestLinkUnderFaults.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
