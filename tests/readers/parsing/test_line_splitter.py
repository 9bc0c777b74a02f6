"""Splitting a stream of bytes into lines."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from readers.parsing.line_splitter import MAX_LINE_BYTES, LineSplitter


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b""))),
    cuts=st.lists(st.integers(min_value=1, max_value=30), min_size=1),
)
def test_lines_are_whole_however_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    """The lines and their order are the same for any division into chunks."""
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter()
    split: list[bytes] = []
    position = 0
    while position < len(stream):
        cut = cuts[len(split) % len(cuts)]
        split += splitter.feed(stream[position : position + cut])
        position += cut
    assert split == lines


def test_an_incomplete_line_is_not_returned() -> None:
    """Nothing is returned before the LF."""
    splitter = LineSplitter()
    assert splitter.feed(b"PI") == []
    assert splitter.feed(b"NG\r\nPO") == [b"PING\r"]


def test_a_line_without_an_end_is_dropped_without_the_others() -> None:
    """It is dropped up to its end. The lines before and after it stay."""
    splitter = LineSplitter()
    assert splitter.feed(b"one\n" + b"x" * MAX_LINE_BYTES + b"x") == [b"one"]
    assert splitter.feed(b"x") == []
    assert splitter.feed(b"x\ntwo\n") == [b"two"]
    assert splitter.feed(b"three\n") == [b"three"]


def test_a_line_without_an_end_takes_no_memory() -> None:
    """However long it is."""
    splitter = LineSplitter()
    chunk = b"x" * MAX_LINE_BYTES
    tracemalloc.start()
    try:
        for _ in range(100):
            splitter.feed(chunk)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= 2 * MAX_LINE_BYTES


def test_the_longest_line_is_returned() -> None:
    """Also if its end arrives later."""
    splitter = LineSplitter()
    assert splitter.feed(b"x" * MAX_LINE_BYTES) == []
    assert splitter.feed(b"\n") == [b"x" * MAX_LINE_BYTES]


def test_a_line_that_is_too_long_is_dropped_even_if_it_arrives_at_once() -> None:
    """Also with its end in the same chunk."""
    long = b"x" * (MAX_LINE_BYTES + 1)
    assert LineSplitter().feed(b"one\n" + long + b"\ntwo\n") == [b"one", b"two"]
