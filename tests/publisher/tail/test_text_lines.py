"""The line for a record, as a person reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import event_payloads as payloads
from common.chat_event import ChatEvent, encode_chat_event
from common.chat_gap import ChatGap, GapReason, encode_chat_gap
from common.chat_message import ChatMessage, encode_chat_message
from common.extended_message import ExtendedMessage
from common.opt_out import OptOut, encode_opt_out
from publisher.tail.colors import Colors, Depth
from publisher.tail.text_lines import TextLines
from tests.publisher.tail.records import AT_MS, record

pytestmark = pytest.mark.usefixtures("_in_tokyo")

_TOPICS = {"messages": "m", "events": "e", "gaps": "g", "dead-letters": "d"}
_NOW_S = AT_MS / 1000 + 60
_PLAIN = TextLines(_TOPICS, Colors())
_ESCAPE = re.compile(r"\x1b\[[0-9;]+m")
_RAID = payloads.Raid(user_name="Quiet", viewer_count=42)
_DEAD = {
    "reader": b"alpha/0123456789abcdef",
    "seq": b"1",
    "topic": b"m",
    "reason": b"MSG_SIZE_TOO_LARGE: Broker: Message size too large",
    "size": b"70000",
}


def _said(value: bytes, topic: str, **about: Any) -> str:
    return _PLAIN.line(record(value, topic, **about), _NOW_S)


def _message(text: str = "PepeS", username: str = "glassy_zeppelin") -> bytes:
    return encode_chat_message(ChatMessage("71092938", "9", username, text, AT_MS, []))


def _extended(**fields: Any) -> bytes:
    six = ("71092938", "9", "glassy_zeppelin", "PepeS", AT_MS, ["PepeS"])
    return encode_chat_message(ExtendedMessage(*six, **fields))


def _event(kind: str, **fields: Any) -> bytes:
    event = ChatEvent(channel_id="71092938", channel="alpha", type=kind, timestamp=AT_MS, **fields)
    return encode_chat_event(event)


@pytest.mark.parametrize(
    ("topic", "value", "line"),
    [
        ("m", _message(), "glassy_zeppelin: PepeS"),
        (
            "m",
            _extended(display_name="Glassy_Zeppelin ", color="#FF4500"),
            "Glassy_Zeppelin: PepeS",
        ),
        ("m", _extended(display_name="夜のカワウソ"), "夜のカワウソ (glassy_zeppelin): PepeS"),
        ("m", _extended(is_action=True), "* glassy_zeppelin PepeS"),
        ("m", _message("family: \N{MAN}\u200d\N{GIRL}"), "glassy_zeppelin: family: 👨\u200d👧"),
        ("e", _event("clear"), "✗ the chat was cleared"),
        ("e", _event("raid", raid=_RAID), "» raid: Quiet with 42 viewers"),
        (
            "e",
            _event("resub", system_message="Quiet subscribed! ", message="hello all"),
            "★ Quiet subscribed! “hello all”",
        ),
        ("e", _event("of_the_future"), "◆ event of the type of_the_future"),
        (
            "g",
            encode_chat_gap(ChatGap("71092938", "alpha", 1_000, 13_500, GapReason("disconnected"))),
            "… gap of 12 s: disconnected",
        ),
        ("m", b'{"number":7}', '{"number":7}'),
        ("m", b"the message", "the message"),
        ("m", b'{"message":"cut', '{"message":"cut'),
        ("m", b"\xff\xfe", "\ufffd\ufffd"),
        ("e", b"[" * 100_000, "[" * 100_000),
        ("e", b'{"channel_id":1}', '{"channel_id":1}'),
        ("m", b"", ""),
    ],
)
def test_a_record_is_one_line(topic: str, value: bytes, line: str) -> None:
    """With the local time and the channel. What is no record is printed as it is."""
    assert _said(value, topic) == f"03:00:05 #alpha {line}"


def test_a_dead_letter_says_why_it_is_one_and_what_it_is() -> None:
    """It may be cut, or have no value."""
    why = "† dead letter for m, 70000 bytes: MSG_SIZE_TOO_LARGE: Broker: Message size too large"
    before = f"03:00:05 #alpha {why}"
    assert _said(_message(), "d", headers=_DEAD) == f"{before} | glassy_zeppelin: PepeS"
    assert _said(b'{"channel', "d", headers=_DEAD) == f'{before} | {{"channel'
    assert _said(b"", "d", headers=_DEAD, key=None) == before
    assert _said(_event("clear"), "d", headers=_DEAD) == f"{before} | ✗ the chat was cleared"


def test_without_the_name_of_the_channel_its_id_is_shown() -> None:
    """Without either, nothing."""
    assert _said(_message(), "m", headers={}) == "03:00:05 #71092938 glassy_zeppelin: PepeS"
    assert _said(_message(), "m", headers={}, key=None) == "03:00:05 glassy_zeppelin: PepeS"


def test_an_opt_out_is_of_no_channel() -> None:
    """Its key is a person."""
    line = _said(encode_opt_out(OptOut(username="quiet")), "e", headers={}, key=b"quiet")
    assert line == "03:00:05 ∅ quiet opted out: what is stored of them should be erased"


def test_two_settings_may_name_the_same_topic() -> None:
    """A value is taken for what it looks like."""
    lines = TextLines(dict.fromkeys(_TOPICS, "one"), Colors())
    for topic, value in (("m", _message()), ("e", _event("clear"))):
        assert lines.line(record(value, "one"), _NOW_S) == _said(value, topic)
    letter = record(_message(), "one", headers=_DEAD)
    assert "dead letter" in lines.line(letter, _NOW_S)


@pytest.mark.parametrize(
    ("at_ms", "before"),
    [
        (AT_MS - 86_400_000, "2026-01-31 03:00:05"),
        (AT_MS + 86_400_000, "2026-02-02 03:00:05"),
        (2**62, "--:--:--"),
        (10**18, "--:--:--"),
    ],
)
def test_a_record_of_another_day_has_its_date(at_ms: int, before: str) -> None:
    """And one of no day at all has no time."""
    line = _said(_message(), "m", at_ms=at_ms)
    assert line == f"{before} #alpha glassy_zeppelin: PepeS"


def test_colors_change_nothing_but_the_color() -> None:
    """The name has the chatter's own color."""
    lines = TextLines(_TOPICS, Colors(Depth.TRUE))
    value = _extended(color="#FF4500")
    line = lines.line(record(value, "m"), _NOW_S)
    assert line == (
        "\x1b[2m03:00:05 #alpha\x1b[0m \x1b[38;2;255;69;0mglassy_zeppelin\x1b[0m: PepeS"
    )
    for topic, each in (("e", _event("raid", raid=_RAID)), ("d", value), ("m", b"text")):
        colored = lines.line(record(each, topic, headers=_DEAD), _NOW_S)
        assert "\x1b[" in colored
        assert _ESCAPE.sub("", colored) == _said(each, topic, headers=_DEAD)


_HOSTILE = "\x1b[2J\x9b1m\r\n\x07\u202e\u2028\u2029\u2066\x00\x85"
_TEXT = st.text(st.one_of(st.sampled_from(_HOSTILE), st.characters(codec="utf-8")))
_VALUES = st.one_of(
    st.binary(),
    st.builds(_message, _TEXT, _TEXT),
    st.builds(lambda text: _extended(display_name=text, color=text), _TEXT),
    st.builds(
        lambda kind, text: _event(kind, username=text, system_message=text, message=text),
        st.one_of(_TEXT, st.sampled_from(["sub", "raid", "unknown"])),
        _TEXT,
    ),
    st.builds(lambda text: encode_opt_out(OptOut(username=text)), _TEXT),
    st.just(_message().replace(b"PepeS", b"\\ud800 \\u001b[2J \\u2028")),
)
_HEADERS = st.dictionaries(
    st.sampled_from(["reader", "topic", "reason", "size"]), st.binary(), max_size=4
)


@given(_VALUES, st.sampled_from("megd?"), _HEADERS, st.none() | st.binary(), st.booleans())
def test_whatever_is_in_a_record_is_one_line_that_a_terminal_only_shows(
    value: bytes, topic: str, headers: dict[str, bytes], key: bytes | None, in_color: bool
) -> None:
    """Value, key and headers are written by others."""
    lines = TextLines(_TOPICS, Colors(Depth.TRUE if in_color else Depth.NONE))
    line = lines.line(record(value, topic, headers=headers, key=key), _NOW_S)
    if in_color:
        line = _ESCAPE.sub("", line)
    assert line.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert len(line.splitlines()) == 1
    line.encode()
