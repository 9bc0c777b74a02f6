"""The ChatMessages that chat lines become."""

from __future__ import annotations

import pytest

from common.chat_message import ChatMessage
from tests.readers.chat_lines import NOW_MS, ROOM_ID, line, parsed_line, parsed_message


def test_a_message_has_its_fields_from_tags_prefix_and_text() -> None:
    """Room, user, login, text, time and emotes are read from their places in Twitch's line."""
    raw = line("Kappa Kappa hi", {"emotes": "25:0-4,6-10"})
    assert parsed_message(raw) == ChatMessage(
        channel_id="11223344",
        user_id="55667788",
        username="rosyfinch",
        message="Kappa Kappa hi",
        timestamp=1704557984095,
        emotes=["Kappa", "Kappa"],
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ":", ":)", "::", " :) x", "  two  spaces  ", "a=b;c @d :e"),
        *("a\u00a0\u3000 b\u3000", "hello \U000e0000", "\U000e0000hello", "\t\x0b\x00\x7f"),
        *("\U0001f602\U0001f469\u200d\U0001f680", "\x01", "\x01VERSION\x01"),
        *("\x01ACTIONS speak\x01", "\x02ACTION no\x02"),
    ],
)
def test_the_text_is_kept_character_for_character(text: str) -> None:
    """Colons, all kinds of spaces, invisible characters and the empty text stay unchanged."""
    assert parsed_message(line(text)).message == text


@pytest.mark.parametrize(
    ("typed", "emotes", "text", "names"),
    [
        ("\x01ACTION waves Kappa\x01", "25:6-10", "waves Kappa", ["Kappa"]),
        ("\x01ACTION \U0001f602 <3 x\x01", "9:2-3", "\U0001f602 <3 x", ["<3"]),
        ("\x01ACTION  waves \x01", "", " waves ", []),
        ("\x01ACTION Kappa and so on, cut of", "25:0-4", "Kappa and so on, cut of", ["Kappa"]),
        ("\x01ACTION \x01", "", "", []),
        ("\x01ACTION\x01", "", "", []),
        ("\x01ACTION \x01ACTION x\x01\x01", "", "\x01ACTION x\x01", []),
    ],
)
def test_a_me_message_is_its_inner_text(
    typed: str, emotes: str, text: str, names: list[str]
) -> None:
    """The ACTION wrapper is removed once. Emote positions count from the inner text."""
    message = parsed_message(line(typed, {"emotes": emotes}))
    assert (message.message, message.emotes) == (text, names)


def test_emotes_after_astral_characters_are_counted_by_code_points() -> None:
    """A character of two UTF-16 units and four bytes is one position."""
    raw = line("\U0001f602\U0001f602 Kappa \U0001f602Keepo", {"emotes": "25:3-7/1902:10-14"})
    assert parsed_message(raw).emotes == ["Kappa", "Keepo"]


def test_skipped_emote_positions_are_counted() -> None:
    """An overlap, a range beyond the text and a malformed range are skipped. The rest is kept."""
    received = parsed_line(line("Kappa hi", {"emotes": "25:0-4,3-6/1902:6-12/88:04"}))
    assert received is not None
    assert (received.message.message, received.message.emotes) == ("Kappa hi", ["Kappa"])
    assert received.skipped_emotes == 3


def test_an_emote_shifted_by_a_flagged_word_has_its_name() -> None:
    """The `flags` tag corrects the positions that Twitch counts one too far."""
    raw = line("Schöne Frechheit, das Kappa", {"emotes": "25:23-27", "flags": "7-15:A.6/I.6"})
    assert parsed_message(raw).emotes == ["Kappa"]


@pytest.mark.parametrize(
    "tags",
    [
        {
            "reply-parent-msg-body": r"a=b\:\sc\\s",
            "reply-parent-user-login": "wren",
            "reply-parent-user-id": "1",
            "reply-thread-parent-user-id": "2",
        },
        {"source-room-id": "55", "source-id": "4083dadc", "source-badges": "", "source-only": "0"},
        {"bits": "100"},
        {"custom-reward-id": "1a0b4553-e01e-4d1f-a250-c9ecadcdc129"},
        {"msg-id": "highlighted-message"},
        {"msg-id": "gigantified-emote-message", "emote-only": "1"},
        {"msg-id": "animated-message", "animation-id": "rainbow-eclipse"},
        {"gifs": "0-4|Yes|https://media.example/yes.gif?cid=7;&ep=v1", "vip": "1"},
        {"display-name": "", "color": "", "badges": "", "badge-info": ""},
        {"display-name": "ends\\"},
        {"unheard-of": "x" * 8000},
    ],
)
def test_other_tags_change_nothing(tags: dict[str, str]) -> None:
    """Replies, shared chat, bits, rewards and unknown tags do not change the message."""
    assert parsed_message(line("@wren Kappa", tags | {"emotes": "25:6-10"})) == ChatMessage(
        "11223344", "55667788", "rosyfinch", "@wren Kappa", 1704557984095, ["Kappa"]
    )


def test_a_line_without_tags_is_still_a_message() -> None:
    """The room and the clock of the reader are used instead. The user id is empty."""
    raw = b":wren!wren@wren.tmi.twitch.tv PRIVMSG #birdwatch :hi\r\n"
    assert parsed_message(raw) == ChatMessage(ROOM_ID, "", "wren", "hi", NOW_MS, [])


def test_tags_without_a_value_count_as_missing() -> None:
    """`room-id`, `room-id=` and no such tag give the same result."""
    tags = b"@emotes;flags=;room-id;tmi-sent-ts=;user-id"
    raw = tags + b" :wren!wren@wren.tmi.twitch.tv PRIVMSG #birdwatch hi"
    assert parsed_message(raw) == ChatMessage(ROOM_ID, "", "wren", "hi", NOW_MS, [])


def test_escaped_ids_are_unescaped() -> None:
    """Twitch's ids have only been digits so far, but any tag's value is unescaped."""
    message = parsed_message(line("hi", {"room-id": r"1\:2", "user-id": r"3\s4"}))
    assert (message.channel_id, message.user_id) == ("1;2", "3 4")


def test_a_message_without_a_sender_has_an_empty_username() -> None:
    """A message without a prefix is kept."""
    assert parsed_message(b"PRIVMSG #birdwatch :hi").username == ""


def test_the_username_is_lower_case() -> None:
    """A login has no capitals, even if the prefix has."""
    assert parsed_message(b":Wren!wren@wren PRIVMSG #birdwatch :hi").username == "wren"


@pytest.mark.parametrize(
    ("sent", "timestamp"),
    [
        ("1", 1),
        ("1704557984095", 1704557984095),
        (str(2**63 - 1), 2**63 - 1),
        ("0", NOW_MS),
        (str(2**63), NOW_MS),
        ("9" * 19, NOW_MS),
        ("9" * 5000, NOW_MS),
        ("-1", NOW_MS),
        ("+1", NOW_MS),
        ("1.5", NOW_MS),
        ("1_000", NOW_MS),
        ("soon", NOW_MS),
        (r"17\s", NOW_MS),
        ("\u0661\u0662", NOW_MS),
        ("\u00b2", NOW_MS),
    ],
)
def test_an_invalid_time_is_replaced_by_now(sent: str, timestamp: int) -> None:
    """A whole number from 1 that fits into 64 bits is valid, anything else is not."""
    assert parsed_message(line("hi", {"tmi-sent-ts": sent})).timestamp == timestamp


def test_invalid_utf8_affects_only_its_own_characters() -> None:
    """U+FFFD replaces the invalid bytes, and the emote after them is found."""
    raw = line("caf? Kappa", {"emotes": "25:5-9"}).replace(b"caf?", b"caf\xe9")
    assert parsed_message(raw) == ChatMessage(
        "11223344", "55667788", "rosyfinch", "caf\ufffd Kappa", 1704557984095, ["Kappa"]
    )


ANNOUNCEMENT = {"login": "rosyfinch", "msg-id": "announcement", "system-msg": ""}
SHARED_ANNOUNCEMENT = ANNOUNCEMENT | {
    "msg-id": "sharedchatnotice",
    "source-msg-id": "announcement",
    "source-room-id": "55",
}


@pytest.mark.parametrize("tags", [ANNOUNCEMENT, SHARED_ANNOUNCEMENT])
def test_an_announcement_is_a_message(tags: dict[str, str]) -> None:
    """Its sender is in the tag `login`. A shared announcement belongs to the reader's channel."""
    raw = line("free seed Kappa", tags | {"emotes": "25:10-14"}, "USERNOTICE")
    assert parsed_message(raw) == ChatMessage(
        "11223344", "55667788", "rosyfinch", "free seed Kappa", 1704557984095, ["Kappa"]
    )


def test_in_a_me_announcement_positions_count_from_the_word_action() -> None:
    """As in a recorded resubscription: its `Kappa` at 7 is the first word of the inner text."""
    tags = ANNOUNCEMENT | {"emotes": "25:7-11,23-27/499:29-30"}
    message = parsed_message(line("\x01ACTION Kappa TEST TEST Kappa :)\x01", tags, "USERNOTICE"))
    assert (message.message, message.emotes) == (
        "Kappa TEST TEST Kappa :)",
        ["Kappa", "Kappa", ":)"],
    )


def test_an_announcement_without_a_login_has_an_empty_username() -> None:
    """The server's name in the prefix is not a login."""
    assert parsed_message(line("hi", {"msg-id": "announcement"}, "USERNOTICE")).username == ""


@pytest.mark.parametrize(
    "raw",
    [
        line("still here", {"msg-id": "resub", "login": "wren"}, "USERNOTICE"),
        line("hi", ANNOUNCEMENT | {"msg-id": "raid"}, "USERNOTICE"),
        line("hi", SHARED_ANNOUNCEMENT | {"source-msg-id": "resub"}, "USERNOTICE"),
        line("hi", {"msg-id": "sharedchatnotice"}, "USERNOTICE"),
        line("hi", {}, "USERNOTICE"),
        b"@msg-id=announcement;login=wren :tmi.twitch.tv USERNOTICE #birdwatch",
        b"@user-id=1 :wren!wren@wren.tmi.twitch.tv WHISPER rosyfinch :psst",
        b":jtv!jtv@jtv.tmi.twitch.tv PRIVMSG birdwatch :wren is now hosting you.",
        b":tmi.twitch.tv  PRIVMSG",
        b":wren!wren@wren.tmi.twitch.tv PRIVMSG #birdwatch",
        b":wren!wren@wren.tmi.twitch.tv privmsg #birdwatch :hi",
        b"@room-id=1;target-user-id=2;tmi-sent-ts=3 :tmi.twitch.tv CLEARCHAT #birdwatch :wren",
        b"@msg-id=slow_on :tmi.twitch.tv NOTICE #birdwatch :This room is now in slow mode.",
        b"@emote-only=0;room-id=11223344 :tmi.twitch.tv ROOMSTATE #birdwatch",
        b":wren!wren@wren.tmi.twitch.tv JOIN #birdwatch",
        b"PING :tmi.twitch.tv",
    ],
)
def test_everything_else_is_no_message(raw: bytes) -> None:
    """Notices, whispers, hosts, state and truncated lines are not messages in the channel."""
    assert parsed_line(raw) is None
