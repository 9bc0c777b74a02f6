"""The rules of the link, by examples."""

from __future__ import annotations

import pytest

from common.frames import Envelope
from publisher.link.sequence import Delivery, Position, ReceivingLink, Refusal, new_session

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


def test_each_session_has_a_number_of_its_own_that_fits_into_63_bits() -> None:
    """It is random."""
    sessions = {new_session() for _ in range(100)}

    assert len(sessions) == 100
    assert all(0 <= session < 2**63 for session in sessions)
    assert max(sessions) >= 2**62


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


def test_all_records_of_a_batch_are_published_unless_some_are_selected() -> None:
    """All of them are acknowledged."""
    delivery = accept_batch(ReceivingLink(SESSION), 11, 10, oldest=11)
    assert list(delivery.seqs) == list(range(11, 21))

    delivery.select([12, 15])
    assert list(delivery.seqs) == [12, 15]
    assert delivery.count == 10


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
