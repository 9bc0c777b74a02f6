"""The reader's end of the link, without sockets or a clock."""

from __future__ import annotations

import pytest

from readers.link.go_back_n import (
    AWAY_AFTER_S,
    LATE_AFTER_S,
    MUCH_BATCHES,
    MUCH_BYTES,
    RESEND_AFTER_S,
    WINDOW_BATCHES,
    WINDOW_BYTES,
    SendingLink,
)

SESSION = 77
OTHER_SESSION = 78


@pytest.fixture
def link() -> SendingLink:
    """Return a link with session SESSION, announced at second 0. Nothing is acknowledged."""
    link = SendingLink(now=0.0)
    assert link.on_announcement(SESSION, 0.0)
    return link


def test_nothing_is_sent_before_the_session_is_known() -> None:
    """A publisher that has not announced its session would drop it."""
    assert not SendingLink(now=0.0).may_send()


def test_sending_begins_after_the_last_acknowledged_record() -> None:
    """Batches that were acknowledged to an earlier process are not sent again."""
    link = SendingLink(now=0.0)
    link.on_announcement(SESSION, 0.0)
    assert link.may_send()
    assert link.last_sent(acknowledged=40) == 40


def test_a_window_of_batches_may_be_in_flight(link: SendingLink) -> None:
    """Then nothing more is sent until something is acknowledged."""
    for number in range(1, WINDOW_BATCHES + 1):
        assert link.may_send()
        link.on_sent(number, 10, 0.0)
    assert not link.may_send()
    assert link.on_acknowledgement(SESSION, 1, 0.0)
    assert link.may_send()


def test_a_window_of_bytes_may_be_in_flight(link: SendingLink) -> None:
    """Large batches are limited by their bytes."""
    link.on_sent(1, WINDOW_BYTES, 0.0)
    assert not link.may_send()
    link.on_acknowledgement(SESSION, 1, 0.0)
    assert link.may_send()


@pytest.mark.parametrize("before", ["nothing", "acknowledged", "gone back"])
def test_the_window_counts_all_bytes_in_flight(link: SendingLink, before: str) -> None:
    """From nothing, whatever was in flight before. The last byte fills it."""
    if before != "nothing":
        link.on_sent(1, 10, 0.0)
        link.on_sent(2, 20, 0.0)
    if before == "acknowledged":
        link.on_acknowledgement(SESSION, 2, 0.0)
    if before == "gone back":
        link.on_announcement(SESSION, 0.0, reconnected=True)
    link.on_sent(3, WINDOW_BYTES - 2, 0.0)
    link.on_sent(4, 1, 0.0)
    assert link.may_send()
    link.on_sent(5, 1, 0.0)
    assert not link.may_send()


def test_one_acknowledgement_may_be_for_several_batches(link: SendingLink) -> None:
    """None of them stays in flight."""
    for last_seq in (5, 9, 12):
        link.on_sent(last_seq, 10, 0.0)
    link.on_acknowledgement(SESSION, 9, 0.0)
    assert link.has_in_flight
    link.on_acknowledgement(SESSION, 12, 0.0)
    assert not link.has_in_flight
    for last_seq in (15, 20):
        link.on_sent(last_seq, 10, 0.0)
    link.on_acknowledgement(SESSION, 20, 0.0)
    assert not link.has_in_flight


def test_a_new_session_makes_the_link_go_back(link: SendingLink) -> None:
    """A restarted publisher knows nothing of the batches in flight."""
    link.on_sent(5, 10, 0.0)
    link.on_sent(9, 10, 0.0)
    link.on_acknowledgement(SESSION, 5, 0.0)
    assert link.on_announcement(OTHER_SESSION, 1.0)
    assert link.last_sent(acknowledged=5) == 5


def test_a_new_connection_makes_the_link_go_back(link: SendingLink) -> None:
    """Batches in flight on the old connection may be lost."""
    link.on_sent(10, 1, 0.0)
    link.on_sent(20, 1, 0.0)
    link.on_acknowledgement(SESSION, 10, 0.0)
    assert not link.on_announcement(SESSION, 1.0, reconnected=True)
    assert link.last_sent(acknowledged=10) == 10
    assert not link.has_in_flight


def test_the_same_session_announced_again_changes_nothing(link: SendingLink) -> None:
    """The announcement comes every second."""
    link.on_sent(5, 10, 0.0)
    assert not link.on_announcement(SESSION, 1.0)
    assert link.last_sent(0) == 5


def test_an_acknowledgement_of_another_session_is_ignored(link: SendingLink) -> None:
    """The current session may not have the batches."""
    link.on_sent(5, 10, 0.0)
    assert not link.on_acknowledgement(OTHER_SESSION, 5, 0.0)
    assert link.has_in_flight


def test_a_repeated_acknowledgement_is_no_progress(link: SendingLink) -> None:
    """The publisher repeats it for each batch that it refuses. Batches in flight stay in flight."""
    link.on_sent(5, 10, 0.0)
    link.on_acknowledgement(SESSION, 0, RESEND_AFTER_S)
    assert link.has_in_flight
    assert link.on_time(RESEND_AFTER_S + 0.1)


def test_batches_sent_by_an_earlier_process_may_be_acknowledged(link: SendingLink) -> None:
    """They are not sent again. Sending continues after them."""
    link.on_sent(5, 10, 0.0)
    assert link.on_acknowledgement(SESSION, 60, 0.0)
    assert link.last_sent(acknowledged=60) == 60
    assert link.may_send()


def test_without_progress_everything_in_flight_is_sent_again(link: SendingLink) -> None:
    """After RESEND_AFTER_S, while the publisher is alive."""
    link.on_sent(5, 10, 0.0)
    link.on_announcement(SESSION, RESEND_AFTER_S)
    assert not link.on_time(RESEND_AFTER_S)
    assert link.last_sent(0) == 5
    assert link.on_time(RESEND_AFTER_S + 0.1)
    assert link.last_sent(0) == 0


def test_progress_delays_sending_again(link: SendingLink) -> None:
    """RESEND_AFTER_S counts from the last acknowledgement."""
    link.on_sent(5, 10, 0.0)
    link.on_sent(9, 10, 0.0)
    link.on_acknowledgement(SESSION, 5, 4.0)
    link.on_announcement(SESSION, 8.0)
    assert not link.on_time(8.0)
    assert link.on_time(9.5)
    assert link.last_sent(acknowledged=5) == 5


def test_nothing_is_sent_again_to_a_publisher_that_is_away(link: SendingLink) -> None:
    """It would only fill the queue. A new announcement shows that the publisher is back."""
    link.on_sent(5, 10, 0.0)
    assert not link.on_time(RESEND_AFTER_S + AWAY_AFTER_S)
    assert link.last_sent(0) == 5


def test_sending_does_not_make_a_silent_publisher_responsive(link: SendingLink) -> None:
    """What is sent only fills a queue. The publisher has to send something itself."""
    for second in range(5):
        link.on_sent(second + 1, 10, float(second))
    assert link.is_away(AWAY_AFTER_S + 0.1)


def test_a_publisher_has_some_time_for_its_first_announcement() -> None:
    """It counts as away only after that."""
    link = SendingLink(now=50.0)
    assert not link.is_away(50.0 + AWAY_AFTER_S)
    assert link.is_away(50.0 + AWAY_AFTER_S + 0.1)


def test_the_time_without_progress_counts_from_the_first_batch_in_flight(
    link: SendingLink,
) -> None:
    """Not from the last acknowledgement, which may be long ago in a quiet channel."""
    link.on_sent(1, 10, 100.0)
    link.on_announcement(SESSION, 100.0 + RESEND_AFTER_S)
    assert not link.on_time(100.0 + RESEND_AFTER_S)
    assert link.on_time(100.1 + RESEND_AFTER_S)


def test_silence_counts_from_the_first_batch_in_flight(link: SendingLink) -> None:
    """A reader that waits for nothing receives no announcements."""
    assert link.is_away(100.0)
    link.on_sent(1, 10, 100.0)
    assert not link.is_away(100.0 + AWAY_AFTER_S)
    assert link.is_away(100.0 + AWAY_AFTER_S + 0.1)


@pytest.mark.parametrize("announces", [True, False])
def test_whatever_the_publisher_sends_shows_that_it_is_there(
    link: SendingLink, announces: bool
) -> None:
    """An announcement, or an acknowledgement of what was acknowledged before."""
    link.on_sent(1, 10, 0.0)
    if announces:
        link.on_announcement(SESSION, 3.0)
    else:
        link.on_acknowledgement(SESSION, 0, 3.0)
    assert not link.is_away(3.0 + AWAY_AFTER_S)
    assert link.is_away(3.0 + AWAY_AFTER_S + 0.1)


def test_another_publisher_starts_with_a_clean_state(link: SendingLink) -> None:
    """Nothing is in flight to it, and its silence counts from then on."""
    link.on_sent(1, WINDOW_BYTES, 0.0)
    link.on_switched(None, 50.0)
    assert link.session is None
    assert not link.may_send()
    assert not link.has_in_flight
    assert not link.is_away(50.0 + AWAY_AFTER_S)
    link.on_announcement(OTHER_SESSION, 50.0)
    assert link.may_send()
    link.on_sent(1, 10, 50.0)
    link.on_announcement(OTHER_SESSION, 50.0 + RESEND_AFTER_S)
    assert not link.on_time(50.0 + RESEND_AFTER_S)


def test_with_nothing_in_flight_nothing_is_sent_again(link: SendingLink) -> None:
    """For example, in a quiet channel."""
    link.on_announcement(SESSION, 100.0)
    assert not link.on_time(100.0)


def test_what_is_in_flight_is_late_without_progress(link: SendingLink) -> None:
    """In a busy channel something is always in flight, but there is progress."""
    assert not link.is_late(100.0)
    link.on_sent(1, 10, 100.0)
    link.on_sent(2, 10, 100.0)
    assert not link.is_late(100.0 + LATE_AFTER_S / 2)
    assert link.is_late(100.0 + LATE_AFTER_S * 1.1)
    link.on_acknowledgement(SESSION, 1, 101.0)
    assert not link.is_late(101.0 + LATE_AFTER_S / 2)
    link.on_acknowledgement(SESSION, 2, 102.0)
    assert not link.is_late(200.0)


@pytest.mark.parametrize(("batches", "size"), [(MUCH_BATCHES, 1), (2, MUCH_BYTES // 2)])
def test_much_is_in_flight_by_batches_or_by_bytes(
    link: SendingLink, batches: int, size: int
) -> None:
    """Whichever comes first."""
    for seq in range(1, batches):
        link.on_sent(seq, size, 0.0)
        assert not link.has_much_in_flight
    link.on_sent(batches, size, 0.0)
    assert link.has_much_in_flight
    link.on_acknowledgement(SESSION, batches - 1, 0.0)
    assert not link.has_much_in_flight
