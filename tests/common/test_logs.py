"""Log lines as text and as JSON, and the limit for frequent ones."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from common.logs import BoundedLog, configure_logging, counts


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Restore the root logger's handlers and level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_text_line_names_process_and_channel(capsys: pytest.CaptureFixture[str]) -> None:
    """It also has the time and the level."""
    configure_logging("reader", level="info", log_format="text", channel="xqc")
    logging.getLogger("any").info("joined %s", "it")
    line = capsys.readouterr().err
    assert line.endswith("INFO    reader xqc: joined it\n")
    assert line[:2] == "20"


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the same parts as fields."""
    configure_logging("reader", level="info", log_format="json", channel="xqc")
    logging.getLogger("any").warning("two\nlines")
    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert fields.pop("time").endswith("+00:00")
    assert fields == {
        "level": "warning",
        "process": "reader",
        "channel": "xqc",
        "message": "two\nlines",
    }


def test_the_numbers_of_a_line_are_fields_of_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A log pipeline need not read them from the text. Lines without numbers have no such field."""
    configure_logging("publisher", level="info", log_format="json")
    logging.info("%d taken", 3, extra=counts(taken=3, refused={"unknown key": 1}))
    logging.info("stopped")
    taken, stopped = map(json.loads, capsys.readouterr().err.splitlines())
    assert taken["message"] == "3 taken"
    assert taken["counts"] == {"taken": 3, "refused": {"unknown key": 1}}
    assert "counts" not in stopped
    configure_logging("publisher", level="info", log_format="text")
    logging.info("%d taken", 3, extra=counts(taken=3))
    assert capsys.readouterr().err.endswith("publisher: 3 taken\n")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_event_is_one_line_even_with_a_traceback(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So chat cannot forge a line, and a traceback stays together."""
    configure_logging("publisher", level="info", log_format=log_format)
    try:
        fail("a\r\nb")
    except ValueError:
        logging.getLogger("any").exception("failed\nbadly")
    (line,) = capsys.readouterr().err.splitlines()
    assert "Traceback" in line


def fail(text: str) -> None:
    """Raise an error with *text*."""
    raise ValueError(text)


def test_lines_below_the_level_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """`warn` omits info."""
    configure_logging("publisher", level="warn", log_format="text")
    logging.getLogger("any").info("nothing")
    assert capsys.readouterr().err == ""


def test_pydle_does_not_log_what_it_sends(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG it would log the token."""
    configure_logging("reader", level="debug", log_format="text")
    logging.getLogger("pydle.client").debug("PASS oauth:secret")
    assert capsys.readouterr().err == ""


def test_a_bounded_log_counts_the_lines_it_omitted() -> None:
    """It logs one line per interval. The next one has the count."""
    lines: list[str] = []
    now = 0.0
    log = BoundedLog(
        lambda message, *arguments: lines.append(message % arguments),
        interval_s=10.0,
        clock=lambda: now,
    )
    for number in range(5):
        log("bad frame %d", number)
    now = 10.0
    log("bad frame %d", 5)
    now = 20.0
    log("bad frame %d", 6)
    assert lines == [
        "bad frame 0",
        "bad frame 5 (and 4 more like it before this)",
        "bad frame 6",
    ]
