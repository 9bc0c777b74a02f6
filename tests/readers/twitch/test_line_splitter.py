"""Splitting a stream of bytes into lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from readers.twitch.line_splitter import MAX_LINE_BYTES, LineSplitter


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b""))),
    cuts=st.lists(st.integers(min_value=1, max_value=30), min_size=1),
)
def test_lines_come_out_whole_however_the_stream_is_cut(
    lines: list[bytes], cuts: list[int]
) -> None:
    """The same lines, in the same order, for any cutting into chunks."""
    stream = b"".join(line + b"\n" for line in lines)
    splitter = LineSplitter()
    heard: list[bytes] = []
    position = 0
    while position < len(stream):
        cut = cuts[len(heard) % len(cuts)]
        heard += splitter.feed(stream[position : position + cut])
        position += cut
    assert heard == lines


def test_a_line_that_is_not_complete_is_kept_back() -> None:
    """Nothing comes out before the LF."""
    splitter = LineSplitter()
    assert splitter.feed(b"PI") == []
    assert splitter.feed(b"NG\r\nPO") == [b"PING\r"]


def test_a_line_without_an_end_is_dropped_and_costs_nothing_else() -> None:
    """Too long a line goes, up to its end; the lines before and after it stay."""
    splitter = LineSplitter()
    assert splitter.feed(b"one\n" + b"x" * MAX_LINE_BYTES + b"x") == [b"one"]
    assert splitter.feed(b"x" * MAX_LINE_BYTES) == []
    assert splitter.feed(b"x\ntwo\n") == [b"two"]


def test_a_line_that_is_too_long_is_dropped_even_if_it_comes_at_once() -> None:
    """With its end in the same chunk."""
    long = b"x" * (MAX_LINE_BYTES + 1)
    assert LineSplitter().feed(b"one\n" + long + b"\ntwo\n") == [b"one", b"two"]
