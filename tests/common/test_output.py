"""Standard streams that nobody reads: real pipes, sockets, terminals and a full device."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from common import output
from common.output import KEPT_BYTES, Output
from tests.processes import base_environment

LINE = b"x" * 99 + b"\n"

#: More lines than a pipe or terminal takes, and are kept.
MANY = (KEPT_BYTES + 1024 * 1024) // len(LINE)


class End:
    """Both ends of something that can be read, its descriptors closed after the test."""

    def __init__(self, writing: int, reading: int) -> None:
        self.writing, self.reading = writing, reading
        os.set_blocking(reading, False)

    def read(self) -> bytes:
        """Return what can be read now."""
        found = b""
        with suppress(BlockingIOError):
            while data := os.read(self.reading, 2**20):
                found += data
        return found.replace(b"\r\n", b"\n")


def pipe() -> End:
    """Return a pipe."""
    reading, writing = os.pipe()
    return End(writing, reading)


def terminal() -> End:
    """Return a terminal. What is written to the second descriptor can be read from the first."""
    reading, writing = pty.openpty()
    return End(writing, reading)


def stream_socket() -> End:
    """Return a pair of sockets, as systemd's journal gives a service."""
    reading, writing = socket.socketpair()
    return End(writing.detach(), reading.detach())


Make = Callable[[Callable[[], End]], End]


@pytest.fixture
def make() -> Iterator[Make]:
    """A function that makes one of the above, whose descriptors are closed at the end."""
    with ExitStack() as stack:

        def made(kind: Callable[[], End]) -> End:
            end = kind()
            for descriptor in (end.writing, end.reading):
                stack.callback(_close, descriptor)
            return end

        yield made


def _close(descriptor: int) -> None:
    with suppress(OSError):
        os.close(descriptor)


def notice(count: int) -> bytes:
    """Return a line that has *count*."""
    return b"dropped %d\n" % count


@pytest.mark.parametrize(
    ("kind", "opened_again"),
    [(pipe, True), (pipe, False), (terminal, True), (stream_socket, False)],
)
def test_lines_that_nobody_reads_are_dropped_and_counted(
    make: Make, kind: Callable[[], End], opened_again: bool
) -> None:
    """Each line is written once, in order, or counted. Later lines follow the notice."""
    end = make(kind)
    if opened_again:
        output._open_again(end.writing)
    stream = Output(end.writing, notice)
    for number in range(MANY):
        stream.write(b"%99d\n" % number)
    assert len(stream._kept) <= KEPT_BYTES

    found = b""
    while data := end.read():
        found += data
        stream.flush()
    stream.write(b"last\n")
    lines = (found + end.read()).splitlines()
    assert lines[-1] == b"last"
    written = [int(line) for line in lines[:-2]]
    assert written == list(range(len(written)))
    assert lines[-2] == b"dropped %d" % (MANY - len(written))


def test_a_stopped_terminal_is_not_waited_for(make: Make) -> None:
    """Ctrl-S stops it, Ctrl-Q starts it again: then what was kept appears with the next line."""
    end = make(terminal)
    stream = Output(end.writing, notice)
    termios.tcflow(end.writing, termios.TCOOFF)
    stream.write(b"one\n")
    assert end.read() == b""
    termios.tcflow(end.writing, termios.TCOON)
    stream.write(b"two\n")
    assert end.read() == b"one\ntwo\n"


@pytest.mark.parametrize("kind", [pipe, terminal])
def test_other_processes_with_the_same_output_still_block(
    make: Make, kind: Callable[[], End]
) -> None:
    """The flag is on our own description, not on theirs."""
    end = make(kind)
    theirs = os.dup(end.writing)
    output._open_again(end.writing)
    assert fcntl.fcntl(end.writing, fcntl.F_GETFL) & os.O_NONBLOCK
    assert not fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK
    os.close(theirs)


def test_a_slow_reader_gets_one_notice_for_many_lines(make: Make) -> None:
    """Lines are dropped until all that was kept is written, not one here and one there."""
    end = make(pipe)
    fcntl.fcntl(end.writing, fcntl.F_SETPIPE_SZ, 4096)
    stream = Output(end.writing, notice)
    found = b""
    for _ in range(3 * KEPT_BYTES // len(LINE)):
        stream.write(LINE)
        with suppress(BlockingIOError):
            found += os.read(end.reading, 10)
    while data := end.read():
        found += data
        stream.flush()
    assert found.count(b"dropped") == 1


@pytest.mark.parametrize("kind", [pipe, stream_socket])
def test_a_closed_output_loses_lines_and_raises_nothing(
    make: Make, kind: Callable[[], End]
) -> None:
    """What is kept has the same bound."""
    end = make(kind)
    os.close(end.reading)
    stream = Output(end.writing, notice)
    for _ in range(MANY):
        stream.write(LINE)
    assert len(stream._kept) <= KEPT_BYTES
    stream.write_last()


def test_a_terminal_that_has_gone_raises_nothing(make: Make) -> None:
    """As after the connection of an SSH session is lost."""
    end = make(terminal)
    output._open_again(end.writing)
    os.close(end.reading)
    Output(end.writing, notice).write(LINE)


def test_a_full_disk_raises_nothing() -> None:
    """Lines appear when there is room again, or are counted."""
    with open("/dev/full", "wb", buffering=0) as device:
        stream = Output(device.fileno(), notice)
        stream.write(LINE)
        assert stream._kept == LINE
        stream.write_last()


def test_a_notice_begins_a_line(make: Make) -> None:
    """Even if what came before was half a line."""
    end = make(pipe)
    stream = Output(end.writing, notice)
    stream.write(b"x" * (KEPT_BYTES + 2**20))
    stream.write(b"dropped\n")
    found = b""
    while data := end.read():
        found += data
        stream.flush()
    assert found.endswith(b"x\ndropped 1\n")


_PROGRAM = """
import logging, sys, threading, warnings
from common.logs import configure_logging
configure_logging("reader", level="info", log_format={log_format!r}, channel="xqc")
for number in range({lines}):
    logging.getLogger().info("line %d", number)
warnings.warn("a warning " + 100_000 * "x")
def fail():
    raise ValueError(100_000 * "x")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_process_ends_although_nobody_reads_its_stderr(log_format: str) -> None:
    """Log lines, warnings and tracebacks do not block it."""
    program = _PROGRAM.format(log_format=log_format, lines=20_000)
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=base_environment(), stderr=subprocess.PIPE
    )
    try:
        assert process.wait(30) == 1
    finally:
        process.kill()
        _, _ = process.communicate()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_all_lines_of_a_process_arrive_if_somebody_reads_them(log_format: str) -> None:
    """Also the traceback that ends it."""
    program = _PROGRAM.format(log_format=log_format, lines=2_000)
    process = subprocess.run(
        [sys.executable, "-c", program],
        env=base_environment(),
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    assert "line 1999" in process.stderr
    assert process.stderr.count("ValueError: xxx") == 2
    assert "dropped" not in process.stderr


_OWN_PIPE = """
import logging, os
reading, writing = os.pipe()
os.dup2(writing, 2)
from common.logs import configure_logging
configure_logging("reader", level="info", log_format="text", channel="xqc")
for number in range(20_000):
    logging.getLogger().info("line %d", number)
os.set_blocking(reading, False)
for _ in range(20):
    try:
        os.write(1, os.read(reading, 10**6))
    except BlockingIOError:
        break
    logging.getLogger().info("last")
"""


def test_a_process_says_in_its_format_how_many_lines_it_dropped() -> None:
    """The line has the time, the level and the process, as others have."""
    process = subprocess.run(
        [sys.executable, "-c", _OWN_PIPE],
        env=base_environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=True,
    )
    assert re.search(r"WARNING reader xqc: dropped \d{4,} log lines, because", process.stdout)
    assert process.stdout.endswith("INFO    reader xqc: last\n")
