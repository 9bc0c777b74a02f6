"""
What a batch follows, and what an acknowledgement means, where numbers are skipped or used twice.

OLD gave the numbers up to 10. NEW opened the outbox after that; COPY opened a copy of it.
"""

from __future__ import annotations

import pytest

from common.frames import Envelope
from publisher.link.sequence import Delivery, Position, ReceivingLink, Refusal

SESSION = 7
READER = "xqc/0123456789abcdef"

OLD, NEW, COPY = 101, 102, 103


def accept(
    link: ReceivingLink,
    first: Position,
    follows: Position,
    *,
    oldest: int = 1,
    count: int = 10,
    reader: str = READER,
) -> Delivery | Refusal:
    """Have *link* receive a batch that begins with the record *first*."""
    seq, incarnation = first
    return link.accept(Envelope(reader, SESSION, seq, oldest, incarnation, *follows), count)


@pytest.fixture
def link() -> ReceivingLink:
    """Return a link that has accepted and acknowledged records 1 to 10 of OLD."""
    link = ReceivingLink(SESSION)
    delivery = accept(link, Position(1, OLD), Position(0))
    assert isinstance(delivery, Delivery)
    delivery.confirm()
    assert link.take_acknowledgements() == {READER: Position(10, OLD)}
    return link


@pytest.mark.parametrize(
    ("first", "follows", "oldest", "is_accepted"),
    [
        pytest.param(11, Position(10, OLD), 1, True, id="what was accepted last"),
        pytest.param(10**9, Position(10, OLD), 1, True, id="the same, after skipped numbers"),
        pytest.param(21, Position(20, NEW), 1, False, id="a batch that was lost"),
        pytest.param(21, Position(20, OLD), 1, False, id="a batch that was lost, of the same"),
        pytest.param(11, Position(9, OLD), 1, False, id="an earlier record"),
        pytest.param(11, Position(10, COPY), 1, False, id="the same number of a copy"),
        pytest.param(11, Position(10, 0), 1, False, id="the same number of an older version"),
        pytest.param(31, Position(5, COPY), 31, True, id="anything, if it holds nothing older"),
        pytest.param(10, Position(9, COPY), 10, False, id="something already accepted"),
    ],
)
def test_a_batch_is_accepted_if_it_follows(
    link: ReceivingLink, first: int, follows: Position, oldest: int, is_accepted: bool
) -> None:
    """What it follows is a number with its incarnation."""
    result = accept(link, Position(first, NEW), follows, oldest=oldest)

    assert isinstance(result, Delivery) is is_accepted


def test_from_an_unknown_reader_only_the_oldest_batch_is_accepted() -> None:
    """It says that it follows 0, as if nothing was accepted; an older batch may be lost."""
    result = accept(ReceivingLink(SESSION), Position(11, NEW), Position(0), oldest=1)

    assert result is Refusal.NOT_NEXT


def test_each_acknowledgement_has_the_incarnation_of_its_own_record(link: ReceivingLink) -> None:
    """Batches of several incarnations may be unconfirmed together."""
    first = accept(link, Position(11, OLD), Position(10, OLD))
    second = accept(link, Position(21, NEW), Position(20, OLD))
    assert isinstance(first, Delivery)
    assert isinstance(second, Delivery)

    first.confirm()
    assert link.take_acknowledgements() == {READER: Position(20, OLD)}
    second.confirm()
    assert link.take_acknowledgements() == {READER: Position(30, NEW)}


def test_a_copy_is_told_which_record_was_acknowledged(link: ReceivingLink) -> None:
    """It has another record of that number, so it does not take its own for acknowledged."""
    accepted = accept(link, Position(11, NEW), Position(10, OLD))
    assert isinstance(accepted, Delivery)
    accepted.confirm()
    link.take_acknowledgements()

    assert accept(link, Position(11, COPY), Position(10, OLD)) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {READER: Position(20, NEW)}
    assert accept(link, Position(21, COPY), Position(20, COPY)) is Refusal.NOT_NEXT


@pytest.mark.parametrize(
    ("checkpoint", "follows", "is_accepted"),
    [
        pytest.param(Position(10, OLD), Position(10, OLD), True, id="the same record"),
        pytest.param(Position(10, OLD), Position(10, COPY), False, id="the same number of a copy"),
        pytest.param(Position(10, 0), Position(10, COPY), True, id="a checkpoint without one"),
    ],
)
def test_checkpoints_have_incarnations_too(
    checkpoint: Position, follows: Position, is_accepted: bool
) -> None:
    """A reader may run on while publishers are restarted. An older version stored none."""
    link = ReceivingLink(SESSION, checkpoints={READER: checkpoint})

    result = accept(link, Position(11, follows.incarnation), follows)

    assert isinstance(result, Delivery) is is_accepted


def test_a_forgotten_reader_keeps_the_incarnation_of_its_checkpoint() -> None:
    """The copy is recognised after that, too."""
    link = ReceivingLink(SESSION, checkpoints={}, remembered_readers=1)
    for reader in (READER, "other/00"):
        delivery = accept(link, Position(1, OLD), Position(0), reader=reader)
        assert isinstance(delivery, Delivery)
        delivery.confirm()
    link.take_acknowledgements()

    assert accept(link, Position(11, COPY), Position(10, COPY)) is Refusal.NOT_NEXT
    assert link.take_acknowledgements() == {READER: Position(10, OLD)}
    assert isinstance(accept(link, Position(11, NEW), Position(10, OLD)), Delivery)


def test_a_reader_of_an_older_version_continues_with_the_next_number(link: ReceivingLink) -> None:
    """It has no incarnations, and does not say what its batch follows."""
    accepted = link.accept(Envelope(READER, SESSION, 11, 1), 10)
    assert isinstance(accepted, Delivery)
    accepted.confirm()

    assert link.take_acknowledgements() == {READER: Position(20, 0)}
    assert isinstance(accept(link, Position(21, NEW), Position(20, OLD)), Delivery)
