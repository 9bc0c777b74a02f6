"""What moderators remove, from recorded lines to records."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.chat_event import encode_chat_event
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import COMMANDS, line_parser
from readers.parsing.moderation import moderation_event
from readers.parsing.received import ReceivedEvent
from tests.corpora import own_recordings, recorded_lines
from tests.readers.chat_lines import NOW_MS, ROOM_ID
from tests.readers.parsing.strategies import irc_line, params, sources, tags, texts, thorough

LINES = [line for file in own_recordings() for line in recorded_lines(file)]


def event_in(line: bytes, room_id: str = ROOM_ID) -> ReceivedEvent:
    """Return the event in *line*, as a reader's parser finds it."""
    irc = parse_irc(line)
    assert irc is not None
    assert irc.command in COMMANDS
    (received,) = line_parser().parse(irc, room_id, NOW_MS)
    assert isinstance(received, ReceivedEvent)
    return received


def recorded(start: str) -> bytes:
    """Return the recorded line that begins with *start*."""
    (line,) = (line for line in LINES if line.startswith(start.encode()))
    return line


def record_of(line: bytes) -> tuple[object, str]:
    """Return the value of the record of *line*, decoded, and its id."""
    received = event_in(line)
    return json.loads(encode_chat_event(received.event)), received.id


def test_a_timeout_says_for_how_long() -> None:
    """In seconds. EventSub does not say it."""
    line = recorded("@ban-duration=1;room-id=83498627;target-user-id=554389343")
    assert record_of(line) == (
        {
            "channel_id": "83498627",
            "channel": "mailbox",
            "type": "clear_user_messages",
            "timestamp": 1594828662812,
            "clear_user_messages": {
                "target_user_id": "554389343",
                "target_user_login": "penguin",
                "ban_duration": 1,
            },
        },
        "clear_user_messages:83498627:554389343:1594828662812",
    )


def test_a_ban_has_no_duration() -> None:
    """So a timeout and a ban can be told apart."""
    line = recorded("@room-id=83498627;target-user-id=31626900;")
    assert record_of(line) == (
        {
            "channel_id": "83498627",
            "channel": "mailbox",
            "type": "clear_user_messages",
            "timestamp": 1594836194898,
            "clear_user_messages": {"target_user_id": "31626900", "target_user_login": "wind748"},
        },
        "clear_user_messages:83498627:31626900:1594836194898",
    )


def test_a_clear_of_the_whole_chat_is_of_nobody() -> None:
    """Its payload is empty, but there."""
    assert record_of(recorded("@room-id=92930267;tmi-sent-ts=1594836226904 ")) == (
        {
            "channel_id": "92930267",
            "channel": "pelican",
            "type": "clear",
            "timestamp": 1594836226904,
            "clear": {},
        },
        "clear:92930267:1594836226904",
    )


def test_a_deletion_has_the_id_of_the_message_and_not_its_text() -> None:
    """The room's id is that of the joined channel: Twitch sends an empty one. So is the time."""
    line = recorded("@login=cabinet;room-id=;target-msg-id=cffc9833-")
    assert b"tmi-sent-ts=-6795364578871" in line
    message_id = "cffc9833-ffa8-4efb-b7a0-bda854ae41a3"
    assert record_of(line) == (
        {
            "channel_id": ROOM_ID,
            "channel": "pelican",
            "type": "message_delete",
            "timestamp": NOW_MS,
            "message_delete": {"message_id": message_id, "target_user_login": "cabinet"},
        },
        f"message_delete:{message_id}",
    )


def test_a_deletion_with_a_good_time_keeps_it() -> None:
    """Not all of them are wrong."""
    line = next(line for line in LINES if b"CLEARMSG #mailbox :QUILT DOME" in line)
    assert event_in(line).event.timestamp == 1594836790178


@pytest.mark.parametrize("line", [":tmi.twitch.tv CLEARMSG #saddle", ":tmi.twitch.tv CLEARCHAT"])
def test_a_line_that_says_nothing_is_none(line: str) -> None:
    """No message, no channel."""
    assert line.encode() in LINES
    irc = parse_irc(line.encode())
    assert irc is not None
    assert line_parser().parse(irc, ROOM_ID, NOW_MS) == []


@pytest.mark.parametrize(
    ("line", "login"),
    [
        ("@ban-duration=20;ban-reason= :tmi.twitch.tv CLEARCHAT #tractor :sunbeam", "sunbeam"),
        ("@room-id=10231693;target-user-id=10231693 :tmi.twitch.tv CLEARCHAT #b", "buttersoup"),
        (":tmi.twitch.tv CLEARCHAT #tractor", None),
    ],
)
def test_a_clear_without_a_time_has_no_id(line: str, login: str | None) -> None:
    """Otherwise the second one of a user would count as a copy of the first."""
    received = event_in(recorded(line))
    assert (received.id, received.event.timestamp) == ("", NOW_MS)
    user = received.event.clear_user_messages
    assert (user.target_user_login if user else None) == login


@pytest.mark.parametrize("sent", ["-6795364578871", "0", str(NOW_MS + 10**10), "01594828662812"])
def test_a_time_that_cannot_be_is_in_no_id(sent: str) -> None:
    """It may be the same in many lines."""
    line = f"@room-id=1;target-user-id=2;tmi-sent-ts={sent} :tmi.twitch.tv CLEARCHAT #a :b"
    assert event_in(line.encode()).id == ""


@pytest.mark.parametrize("params", ["#coal e8pi", "#coal :e8pi", "#COAL :E8pi", "#coal   e8pi"])
def test_a_name_needs_no_colon(params: str) -> None:
    """Twitch leaves it out in some lines."""
    event = event_in(f"@target-user-id=5 :tmi.twitch.tv CLEARCHAT {params}".encode()).event
    assert event.clear_user_messages is not None
    assert (event.channel, event.clear_user_messages.target_user_login) == ("coal", "e8pi")


def test_a_user_without_a_name_is_not_the_whole_chat() -> None:
    """The id alone says whose messages are removed."""
    received = event_in(b"@target-user-id=5 :tmi.twitch.tv CLEARCHAT #coal")
    assert received.event.type == "clear_user_messages"


def test_a_user_without_an_id_is_told_apart_by_name() -> None:
    """Two may be banned at the same time."""
    tags = "room-id=1;tmi-sent-ts=1594828662812"
    ids = [
        event_in(f"@{tags} :tmi.twitch.tv CLEARCHAT #coal {name}".encode()).id
        for name in ("ann", "bob")
    ]
    assert ids == [f"clear_user_messages:1:{name}:1594828662812" for name in ("ann", "bob")]


@pytest.mark.parametrize("duration", ["", "x", "-1", "1.5", "+1", "٣", "9" * 5000])
def test_a_duration_that_is_no_number_is_left_out(duration: str) -> None:
    """Nothing raises."""
    line = f"@ban-duration={duration};target-user-id=5 :tmi.twitch.tv CLEARCHAT #coal :e8pi"
    user = event_in(line.encode()).event.clear_user_messages
    assert user is not None
    assert user.ban_duration is None


def test_every_recorded_line_gives_the_event_of_its_command() -> None:
    """The same line gives the same record and id again, on any connection."""
    types = set[str]()
    for line in LINES:
        irc = parse_irc(line)
        assert irc is not None
        received = moderation_event(irc, ROOM_ID, NOW_MS)
        assert received == moderation_event(irc, ROOM_ID, NOW_MS)
        assert received is None or irc.command in {"CLEARCHAT", "CLEARMSG"}
        types |= {received.event.type} if received else set()
    assert types == {"clear", "clear_user_messages", "message_delete"}


@thorough
@given(
    tags=tags
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("room-id", "login", "target-msg-id", "target-user-id", "ban-duration", "tmi-sent-ts"),
            st.text(),
        ),
    ),
    source=sources,
    command=st.sampled_from(["CLEARCHAT", "CLEARMSG"]),
    params=params,
)
def test_nothing_raises_and_nothing_is_null(
    tags: dict[str, str], source: str, command: str, params: list[str]
) -> None:
    """Whatever the line."""
    irc = parse_irc(irc_line(tags, source, command, params))
    assert irc is not None
    for received in line_parser().parse(irc, ROOM_ID, NOW_MS):
        assert isinstance(received, ReceivedEvent)
        value = json.loads(encode_chat_event(received.event))
        payload = value[value["type"]]
        assert None not in [*value.values(), *payload.values()]
        assert "" not in payload.values()


@thorough
@given(text=texts.filter(lambda text: len(text.strip()) > 3))
def test_the_deleted_text_is_nowhere(text: str) -> None:
    """Not in the value, the id or the key."""
    secret = f"secret {text}"
    tags = {"login": "ann", "room-id": "", "target-msg-id": "55dc74c9", "tmi-sent-ts": "1"}
    received = event_in(irc_line(tags, "tmi.twitch.tv", "CLEARMSG", ["#xqc", secret]))
    assert received == event_in(irc_line(tags, "tmi.twitch.tv", "CLEARMSG", ["#xqc", "other"]))


def test_a_deleted_text_that_looks_like_a_line_is_nowhere() -> None:
    """Somebody wrote what a ROOMSTATE looks like."""
    text = "@emote-only=0;room-id=1 :tmi.twitch.tv CLEARCHAT #xqc"
    line = f"@login=ann;room-id=;target-msg-id=55dc74c9 :tmi.twitch.tv CLEARMSG #xqc :{text}"
    received = event_in(line.encode())
    assert received.event.type == "message_delete"
    assert b"emote" not in encode_chat_event(received.event)
