"""What was there at the start is printed in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from publisher.tail.catch_up import LONGEST_S, MOST_HELD, CatchUp
from tests.publisher.tail.records import record


def _expecting(last: int | None = None, *, now: Callable[[], float] = lambda: 0.0) -> CatchUp:
    """Return one that expects two records of each of the topics a and b."""
    catch_up = CatchUp(last, now)
    for topic in "ab":
        catch_up.expect((topic, 0), 2)
    return catch_up


def _take(catch_up: CatchUp, topic: str, offset: int, at_ms: int) -> list[int]:
    message = record(b"", topic, offset=offset, at_ms=at_ms)
    return [each.timestamp()[1] for each in catch_up.take(message, is_wanted=True)]


def test_records_of_several_partitions_are_merged_by_time() -> None:
    """Once all have come. What comes later is printed at once."""
    catch_up = _expecting()
    assert _take(catch_up, "a", 0, 10) == []
    assert _take(catch_up, "a", 1, 30) == []
    assert _take(catch_up, "a", 2, 50) == []
    assert _take(catch_up, "b", 0, 20) == []
    assert _take(catch_up, "b", 1, 40) == [10, 20, 30, 40, 50]
    assert _take(catch_up, "a", 3, 5) == [5]


def test_the_order_within_a_partition_stays() -> None:
    """Whatever its times are."""
    catch_up = _expecting()
    for offset, at_ms in enumerate([30, 10]):
        assert _take(catch_up, "a", offset, at_ms) == []
    assert _take(catch_up, "b", 0, 20) == []
    assert _take(catch_up, "b", 1, 21) == [20, 21, 30, 10]


def test_a_partition_that_says_it_has_no_more_is_not_waited_for() -> None:
    """Its last offset may be no record: the end of a transaction."""
    catch_up = _expecting()
    assert _take(catch_up, "a", 0, 10) == []
    assert _take(catch_up, "b", 1, 5) == []
    assert [each.timestamp()[1] for each in catch_up.reach_end(("a", 0))] == [5, 10]


def test_a_partition_is_not_waited_for_for_ever() -> None:
    """It may have lost its leader."""
    times = iter([0.0, 1.0, LONGEST_S, LONGEST_S + 1])
    catch_up = _expecting(now=lambda: next(times))
    assert _take(catch_up, "a", 0, 10) == []
    assert [each.timestamp()[1] for each in catch_up.due()] == [10]
    assert _take(catch_up, "b", 0, 5) == [5]


def test_only_so_many_are_held() -> None:
    """A topic may be larger than the memory."""
    catch_up = CatchUp(None)
    catch_up.expect(("a", 0), 10 * MOST_HELD)
    printed = [_take(catch_up, "a", offset, offset) for offset in range(MOST_HELD + 1)]
    assert [len(each) for each in printed[-3:]] == [0, MOST_HELD, 1]


def test_the_last_ones_that_are_wanted_are_kept() -> None:
    """Of what was there at the start; what comes meanwhile is not counted."""
    catch_up = CatchUp(1, lambda: 0.0)
    catch_up.expect(("a", 0), 3)
    catch_up.expect(("b", 0), 1)
    printed = [_take(catch_up, "a", offset, offset) for offset in range(5)]
    assert printed == [[]] * 5
    assert _take(catch_up, "b", 0, 100) == [2, 3, 4, 100]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=30), st.data())
def test_each_record_is_printed_once_in_the_order_of_its_partition(
    sent: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Wherever the partitions ended at the start."""
    catch_up = CatchUp(None, lambda: 0.0)
    for topic in "ab":
        count = sum(each[0] == topic for each in sent)
        catch_up.expect((topic, 0), data.draw(st.integers(0, count)))
    printed = [(each.topic(), each.offset()) for each in _all(catch_up, sent)]
    for topic in "ab":
        offsets = [offset for of_topic, offset in printed if of_topic == topic]
        assert offsets == list(range(sum(each[0] == topic for each in sent)))


def _all(catch_up: CatchUp, sent: list[tuple[str, int]]) -> Iterator[Message]:
    offsets = dict.fromkeys("ab", 0)
    for topic, at_ms in sent:
        message = record(b"", topic, offset=offsets[topic], at_ms=at_ms)
        yield from catch_up.take(message, is_wanted=True)
        offsets[topic] += 1
    for topic in "ab":
        yield from catch_up.reach_end((topic, 0))
