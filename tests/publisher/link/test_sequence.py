"""The rules of the link, by tables, and under arbitrary loss, repetition and restarts."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.frames import Envelope
from publisher.link.sequence import Delivery, ReceivingLink, Refusal

SESSION = 7
READER = "xqc/0123456789abcdef"


def accept(
    link: ReceivingLink, first_seq: int, count: int, *, oldest: int = 1, reader: str = READER
) -> Delivery | Refusal:
    return link.accept(Envelope(reader, SESSION, first_seq, oldest), count)


def take(
    link: ReceivingLink, first_seq: int, count: int, *, oldest: int = 1, reader: str = READER
) -> Delivery:
    delivery = accept(link, first_seq, count, oldest=oldest, reader=reader)
    assert isinstance(delivery, Delivery)
    return delivery


def test_a_batch_of_another_session_is_refused() -> None:
    """Says so, and does not repeat an acknowledgement, which its reader would not believe."""
    link = ReceivingLink(SESSION)
    take(link, 1, 10).confirm()
    link.take_acknowledgements()

    answer = link.accept(Envelope(READER, SESSION + 1, 11, 11), 10)

    assert answer is Refusal.OTHER_SESSION
    assert link.take_acknowledgements() == {}


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_taken"),
    [
        pytest.param(1, 1, True, id="its very first"),
        pytest.param(41, 41, True, id="its oldest, after a restart of ours"),
        pytest.param(51, 41, False, id="one behind its oldest, which must have got lost"),
    ],
)
def test_a_new_reader_begins_with_its_oldest_record(
    first_seq: int, oldest: int, is_taken: bool
) -> None:
    """Takes a batch of an unknown reader only if nothing before it can have got lost."""
    answer = accept(ReceivingLink(SESSION), first_seq, 10, oldest=oldest)

    assert isinstance(answer, Delivery) is is_taken


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_taken"),
    [
        pytest.param(11, 1, True, id="the next"),
        pytest.param(11, 11, True, id="the next, all before acknowledged"),
        pytest.param(1, 1, False, id="a repetition"),
        pytest.param(21, 1, False, id="one too far"),
        pytest.param(31, 31, True, id="its oldest, those before given up by the reader"),
        pytest.param(41, 31, False, id="behind its oldest"),
        pytest.param(6, 6, False, id="in the middle of what was taken"),
    ],
)
def test_a_known_reader_goes_on_with_its_next_record(
    first_seq: int, oldest: int, is_taken: bool
) -> None:
    """After records 1 to 10, takes 11, or what the reader holds now if that is beyond."""
    link = ReceivingLink(SESSION)
    take(link, 1, 10)

    assert isinstance(accept(link, first_seq, 10, oldest=oldest), Delivery) is is_taken


def test_a_refused_batch_of_an_unknown_reader_leaves_no_trace() -> None:
    """Neither remembers the reader nor acknowledges anything to it."""
    link = ReceivingLink(SESSION)

    assert accept(link, 11, 10) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {}
    assert take(link, 1, 10).is_first


def test_only_the_first_batch_of_a_reader_is_its_first() -> None:
    """Marks one batch a reader and session."""
    link = ReceivingLink(SESSION)

    assert [take(link, 1, 5).is_first, take(link, 6, 5).is_first] == [True, False]


def test_what_is_acknowledged_ends_with_the_longest_confirmed_run() -> None:
    """Waits for the batch before, whatever the order in which Kafka confirms."""
    link = ReceivingLink(SESSION)
    first, second, third = take(link, 1, 10), take(link, 11, 10), take(link, 21, 10)

    second.confirm()
    assert link.take_acknowledgements() == {}
    first.confirm()
    assert link.take_acknowledgements() == {READER: 20}
    third.confirm()
    assert link.take_acknowledgements() == {READER: 30}


def test_acknowledgements_are_coalesced_and_taken_once() -> None:
    """Gives the last one of each reader, and nothing when nothing has moved since."""
    link = ReceivingLink(SESSION)
    for first_seq in (1, 11, 21):
        take(link, first_seq, 10).confirm()
    take(link, 1, 5, reader="other/00").confirm()

    assert link.take_acknowledgements() == {READER: 30, "other/00": 5}
    assert link.take_acknowledgements() == {}


def test_a_refused_batch_has_the_last_acknowledgement_repeated() -> None:
    """Tells the reader again what it seems not to have heard."""
    link = ReceivingLink(SESSION)
    take(link, 1, 10).confirm()
    take(link, 11, 10)
    link.take_acknowledgements()

    assert accept(link, 1, 10) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {READER: 10}


def test_records_that_the_reader_gave_up_are_acknowledged_over() -> None:
    """Does not wait for records that no longer exist."""
    link = ReceivingLink(SESSION)
    take(link, 1, 10).confirm()
    take(link, 31, 10, oldest=31).confirm()

    assert link.take_acknowledgements() == {READER: 40}


def test_the_reader_heard_of_longest_ago_is_forgotten_first() -> None:
    """Bounds what is remembered, and starts over with a reader that was forgotten."""
    link = ReceivingLink(SESSION, remembered_readers=2)
    for reader, first_seq in (("a", 1), ("b", 1), ("a", 11), ("c", 1)):
        take(link, first_seq, 10, reader=reader).confirm()

    assert not take(link, 21, 10, reader="a").is_first
    assert take(link, 1, 10, reader="b").is_first


def test_a_reader_with_batches_on_the_way_is_never_forgotten() -> None:
    """Keeps what is needed to acknowledge them, even beyond the bound."""
    link = ReceivingLink(SESSION, remembered_readers=1)
    deliveries = [take(link, 1, 10, reader=reader) for reader in ("a", "b", "c")]

    for delivery in deliveries:
        delivery.confirm()

    assert link.take_acknowledgements() == {"a": 10, "b": 10, "c": 10}


@pytest.mark.parametrize(
    ("first_seq", "oldest", "is_taken"),
    [
        pytest.param(1, 1, False, id="all of it published by an earlier session"),
        pytest.param(6, 1, False, id="some of it published"),
        pytest.param(11, 1, True, id="the next, with the acknowledgement not heard"),
        pytest.param(11, 11, True, id="the next"),
        pytest.param(21, 1, False, id="one too far"),
        pytest.param(31, 31, True, id="its oldest, those before given up by the reader"),
        pytest.param(41, 31, False, id="behind its oldest"),
    ],
)
def test_a_reader_with_a_mark_goes_on_behind_it(
    first_seq: int, oldest: int, is_taken: bool
) -> None:
    """After a mark of 10, takes 11, or what the reader holds now if that is beyond."""
    link = ReceivingLink(SESSION, checkpoints={READER: 10})

    assert isinstance(accept(link, first_seq, 10, oldest=oldest), Delivery) is is_taken


def test_what_is_refused_for_a_mark_is_acknowledged_up_to_it() -> None:
    """Tells the reader what an earlier session could not, each time it asks for it."""
    link = ReceivingLink(SESSION, checkpoints={READER: 10, "other/00": 5})

    for first_seq in (1, 6):
        assert accept(link, first_seq, 5) is Refusal.NOT_NEXT
        assert link.take_acknowledgements() == {READER: 10}


def test_the_first_batch_behind_a_mark_is_the_reader_s_first() -> None:
    """Its mark is of an earlier session."""
    link = ReceivingLink(SESSION, checkpoints={READER: 10})
    accept(link, 1, 10)

    assert [take(link, 11, 5).is_first, take(link, 16, 5).is_first] == [True, False]


def test_a_reader_that_is_forgotten_keeps_its_mark() -> None:
    """What was taken from it in this session counts, and is not taken again."""
    link = ReceivingLink(SESSION, checkpoints={"a": 10}, remembered_readers=1)
    take(link, 11, 10, reader="a").confirm()
    take(link, 1, 10, reader="b").confirm()
    link.take_acknowledgements()

    assert accept(link, 11, 10, reader="a") is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {"a": 20}
    assert take(link, 21, 10, reader="a").is_first
    assert accept(link, 1, 10, reader="b") is Refusal.NOT_NEXT


def test_readers_that_are_only_refused_are_forgotten_too() -> None:
    """Who asks for what is published does not make the others remembered for longer."""
    marks = {f"reader{number}/00": 10 for number in range(100)}
    link = ReceivingLink(SESSION, checkpoints=marks, remembered_readers=1)
    for reader in list(marks):
        accept(link, 1, 10, reader=reader)

    assert len(marks) == 99


class LinkUnderFaults(RuleBasedStateMachine):
    """One reader, one publisher, and between them anything that a network and a crash can do."""

    @initialize()
    def begin(self) -> None:
        """Start with nothing said and nothing sent."""
        self.produced = 0  # records the reader has numbered, in batches of their own sizes
        self.batches: list[tuple[int, int]] = []  # (first_seq, count) the reader still holds
        self.sent = 0  # of these, how many it has sent in this session
        self.wire: list[tuple[int, int, int, int]] = []  # (session, first_seq, count, oldest)
        self.evicted: set[int] = set()
        self.confirmed: set[int] = set()
        self.acknowledged = 0
        self._open_session(1)

    def _open_session(self, session: int) -> None:
        self.link = ReceivingLink(session)
        self.on_the_way: list[Delivery] = []
        self.published: list[int] = []  # records in the order in which Kafka gets them
        self.sent = 0

    @rule(count=st.integers(1, 5))
    def say(self, count: int) -> None:
        """The reader makes a batch."""
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
        """The reader has waited too long, and sends again from its oldest batch."""
        self.sent = 0

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """The connection breaks; what was on it is lost, what is sent later is not."""
        del self.wire[: data.draw(st.integers(1, len(self.wire)))]

    @precondition(lambda self: len(self.batches) > 1)
    @rule()
    def overflow(self) -> None:
        """The outbox is full: the oldest batch is thrown away."""
        first_seq, count = self.batches.pop(0)
        self.evicted.update(range(first_seq, first_seq + count))
        self.sent = max(0, self.sent - 1)

    @precondition(lambda self: self.wire)
    @rule()
    def arrive(self) -> None:
        """A batch reaches the publisher."""
        session, first_seq, count, oldest = self.wire.pop(0)
        answer = self.link.accept(Envelope(READER, session, first_seq, oldest), count)
        if isinstance(answer, Delivery):
            self.on_the_way.append(answer)
            self.published.extend(range(first_seq, first_seq + count))

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """Kafka confirms any of the batches it was given."""
        index = data.draw(st.integers(0, len(self.on_the_way) - 1))
        delivery = self.on_the_way.pop(index)
        self.confirmed.update(range(delivery.first_seq, delivery.last_seq + 1))
        delivery.confirm()

    @rule(is_responding=st.booleans())
    def acknowledge(self, is_responding: bool) -> None:
        """The publisher tells what it acknowledges, and the reader hears it or not."""
        for seq in self.link.take_acknowledgements().values():
            if is_responding:
                self._on_readable(seq)

    def _on_readable(self, seq: int) -> None:
        self.acknowledged = max(self.acknowledged, seq)
        while self.batches and self.batches[0][0] + self.batches[0][1] - 1 <= seq:
            self.batches.pop(0)
            self.sent = max(0, self.sent - 1)

    @rule()
    def publisher_crashes(self) -> None:
        """A new session begins, with batches of the old one still on the wire."""
        self._open_session(self.link.session + 1)

    @invariant()
    def nothing_is_acknowledged_that_kafka_has_not(self) -> None:
        """What was acknowledged, and was not given up before, is confirmed."""
        missing = [
            seq
            for seq in range(1, self.acknowledged + 1)
            if seq not in self.confirmed and seq not in self.evicted
        ]
        assert missing == []

    @invariant()
    def within_a_session_records_are_published_once_and_in_order(self) -> None:
        """Kafka never gets a record twice, or an older one after a newer one."""
        assert self.published == sorted(set(self.published))

    def teardown(self) -> None:
        """With no more faults, everything that the reader still holds gets through."""
        if not hasattr(self, "batches"):
            return
        self.wire.clear()
        self.go_back()
        for _ in range(2):  # an acknowledgement that was lost is repeated for the first batch
            while self.sent < len(self.batches):
                self.send()
                self.arrive()
                for delivery in self.on_the_way:
                    self.confirmed.update(range(delivery.first_seq, delivery.last_seq + 1))
                    delivery.confirm()
                self.on_the_way.clear()
            self.acknowledge(is_responding=True)
            self.go_back()
        assert self.batches == []
        told = set(range(1, self.acknowledged + 1)) | self.evicted
        assert told == set(range(1, self.produced + 1))


TestLinkUnderFaults = LinkUnderFaults.TestCase
TestLinkUnderFaults.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
