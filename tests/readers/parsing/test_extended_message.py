"""Each field of an extended message, in recorded lines."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.chat_message import ChatMessage, encode_chat_message
from common.extended_message import ExtendedMessage, decode_extended_message
from readers.parsing.extended_parser import extended_received_message
from readers.parsing.irc import parse_irc
from tests.corpora import OWN_RECORDINGS, recorded_lines, recordings
from tests.readers.chat_lines import (
    NOW_MS,
    TAGS,
    extended_line,
    extended_message,
    line,
    parsed_line,
)
from tests.readers.parsing import strategies
from tests.readers.parsing.strategies import thorough


def record(recording: str, number: int) -> dict[str, Any]:
    """Return the JSON object of a recorded line (from 1)."""
    return as_json(recorded_lines(OWN_RECORDINGS / f"{recording}.txt")[number - 1])


def as_json(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a line."""
    return dict(msgspec.json.decode(encode_chat_message(extended_message(raw))))


def further(recording: str, number: int) -> dict[str, Any]:
    """Return what a recorded line has besides the six fields, ids, names, color and badges."""
    usual = {*ChatMessage.__struct_fields__, "message_id", "channel", "display_name", "color"}
    usual |= {"badges", "roles", "client_nonce"}
    return {name: value for name, value in record(recording, number).items() if name not in usual}


def badge(set_id: str, badge_id: str, info: str = "") -> dict[str, str]:
    """Return a badge as in JSON."""
    return {"set_id": set_id, "id": badge_id} | ({"info": info} if info else {})


def place(emote_id: str, name: str, begin: int, end: int) -> dict[str, Any]:
    """Return the range of an emote as in JSON."""
    return {"id": emote_id, "name": name, "begin": begin, "end": end}


def test_a_usual_message_has_ids_names_color_badges_and_roles() -> None:
    """In this order, after the six fields. Nothing else is there."""
    expected = {
        "channel_id": "24053235",
        "user_id": "95854157",
        "username": "cuppark",
        "message": "lime",
        "timestamp": 1704832845063,
        "emotes": [],
        "message_id": "787effb2-121c-406b-8c84-2f5fa229d4f6",
        "channel": "coal",
        "display_name": "CupPark",
        "color": "#E9B9D5",
        "badges": [badge("vip", "1"), badge("subscriber", "72", "77"), badge("rplace-2023", "1")],
        "roles": ["vip", "subscriber"],
    }
    found = record("chat", 19)
    assert found == expected
    assert list(found) == list(expected)


def test_what_twitch_does_not_send_is_left_out() -> None:
    """Of a line without tags, the six fields and the channel are left. Nothing is null or empty."""
    assert list(as_json(b":ann!a@a PRIVMSG #birdwatch :hi")) == [
        *ChatMessage.__struct_fields__,
        "channel",
    ]
    for file in recordings():
        for raw in recorded_lines(file):
            if received := extended_line(raw):
                found = msgspec.json.decode(encode_chat_message(received.message))
                assert not [
                    name
                    for name, value in found.items()
                    if name not in ChatMessage.__struct_fields__ and value in (None, "", [], False)
                ]


@pytest.mark.parametrize(
    ("recording", "number", "name"),
    [
        # A blank at its end, another script, and capital letters alone.
        ("chat", 82, "pelican "),
        ("chat", 136, "차마카라아420"),
        ("chat", 142, "TubeOwl"),
        # It is the login name.
        ("chat", 108, None),
        ("chat", 140, None),
    ],
)
def test_a_name_is_as_shown(recording: str, number: int, name: str | None) -> None:
    """It is left out if it is the login name."""
    assert record(recording, number).get("display_name") == name


def test_a_color_that_was_never_chosen_is_left_out() -> None:
    """Twitch sends it empty."""
    assert record("chat", 88)["color"] == "#DAA520"
    assert "color" not in record("chat", 102)


@pytest.mark.parametrize(
    ("number", "badges"),
    [
        # An info with a `/` in it, and one with a `\s` that is a backslash and an s.
        (
            84,
            [
                badge("predictions", "blue-1", "Wet 53/53 bonsaiRoad"),
                badge("subscriber", "60", "67"),
            ],
        ),
        (99, [badge("predictions", "blue-1", "gem pen\\c yak")]),
        # A `⸝` for a comma, and the months of a founder.
        (
            100,
            [
                badge("predictions", "pink-2", "<<<<<< HILL[15A⸝lane/acre"),
                *(badge("vip", "1"), badge("founder", "0", "17"), badge("bits", "1")),
            ],
        ),
        # The id of a subscriber's badge is no number of months.
        (108, [badge("moderator", "1"), badge("subscriber", "3072", "90")]),
    ],
)
def test_badges_have_their_info(number: int, badges: list[dict[str, str]]) -> None:
    """Their order is that of the tag."""
    assert record("chat", number)["badges"][: len(badges)] == badges


@pytest.mark.parametrize(
    ("recording", "number", "roles"),
    [
        ("chat", 1, None),
        ("chat", 5, ["vip", "subscriber"]),
        ("chat", 9, ["moderator", "subscriber"]),
        ("chat", 31, ["moderator", "turbo"]),
        # A badge, but not the tag, or the tag alone.
        ("chat", 76, ["broadcaster", "staff", "turbo"]),
        ("chat", 131, None),
        ("chat", 130, ["moderator"]),
        ("emotes", 64, ["broadcaster", "global_mod", "turbo"]),
        ("chat", 94, ["moderator", "subscriber", "founder"]),
        ("chat", 101, ["broadcaster", "subscriber"]),
        # The user id is the channel's: the badge is hidden.
        ("chat", 122, ["broadcaster"]),
        # Of a shared chat: moderator where the line was sent to, subscriber where it was written.
        ("chat", 92, ["moderator"]),
        ("chat", 141, ["lead_moderator", "moderator"]),
        ("chat", 142, ["moderator", "bot"]),
        ("events", 28, ["staff"]),
    ],
)
def test_roles_are_those_in_the_channel(
    recording: str, number: int, roles: list[str] | None
) -> None:
    """In order of rank."""
    assert record(recording, number).get("roles") == roles


@pytest.mark.parametrize(
    ("recording", "number", "fields"),
    [
        # message_type and channel points
        ("chat", 132, {"message_type": "channel_points_highlighted"}),
        ("chat", 131, {"message_type": "channel_points_sub_only"}),
        ("chat", 144, {"message_type": "user_intro", "is_returning_chatter": True}),
        (
            "chat",
            112,
            {
                "message_type": "power_ups_message_effect",
                "channel_points_animation_id": "rainbow-eclipse",
            },
        ),
        (
            "emotes",
            52,
            {
                "message_type": "power_ups_gigantified_emote",
                "is_first_message": True,
                "is_emote_only": True,
                "emote_ranges": [place("41", "Kreygasm", 0, 8)],
            },
        ),
        # An id of a reward need not be a UUID.
        ("chat", 83, {"channel_points_custom_reward_id": "CELEBRATION"}),
        (
            "chat",
            91,
            {
                "channel_points_custom_reward_id": "18579a8f-45df-4f6e-ac56-29b080d53c26",
                "automod_flags": "0-2:S.5",
            },
        ),
        (
            "chat",
            140,
            {
                "message_type": "channel_points_highlighted",
                "channel_points_custom_reward_id": "ury-839-ole",
            },
        ),
        # bits
        ("chat", 97, {"cheer": {"bits": 5000}}),
        # truths
        ("chat", 128, {"is_action": True, "cheer": {"bits": 100}}),
        ("chat", 88, {"is_first_message": True}),
        (
            "emotes",
            18,
            {"is_emote_only": True, "emote_ranges": [place("832345206", "ItsMousetrap", 0, 12)]},
        ),
        # What AutoMod found, as sent.
        ("chat", 66, {"automod_flags": "0-5:A.6/I.6"}),
        # A GIF: the URL has `=` and `&`, and is not changed.
        (
            "chat",
            107,
            {
                "gifs": [
                    {
                        "id": "ngSRujvpvnc20Bpi8R",
                        "url": "https://media.example.org/media/ngSRujvpvnc20Bpi8R/giphy.gif"
                        "?cid=qqbKJojqtopp14Ltj2I&ep=v1_gifs_trending&rid=giphy.gif&ct=g",
                        "begin": 0,
                        "end": 34,
                    }
                ]
            },
        ),
        # A reply without the thread's undocumented tags.
        (
            "chat",
            119,
            {
                "reply": {
                    "parent_message_id": "81d1cfc7-659b-4c93-917b-e8042811f1a3",
                    "parent_message_body": "table",
                    "parent_user_id": "74773958",
                    "parent_user_login": "banana",
                    "parent_user_name": "Banana",
                    "thread_message_id": "81d1cfc7-659b-4c93-917b-e8042811f1a3",
                    "thread_user_login": "banana",
                }
            },
        ),
        # A reply with all tags, in a shared chat.
        (
            "chat",
            138,
            {
                "reply": {
                    "parent_message_id": "93eea2eb-e25b-42bb-908f-b97a02768559",
                    "parent_message_body": "@Tube xi ur right",
                    "parent_user_id": "34369529",
                    "parent_user_login": "cardrobin",
                    "parent_user_name": "CardRobin",
                    "thread_message_id": "531f7b1e-25e5-454b-a54d-5ff5bfb29eea",
                    "thread_user_id": "6466008",
                    "thread_user_login": "tube",
                    "thread_user_name": "Tube",
                },
                "source_broadcaster_user_id": "2912989002",
                "source_message_id": "d6e0d515-4004-4b02-b284-42925e41ab73",
                "source_badges": [badge("glitchcon2020", "1")],
            },
        ),
        # source-*, with the badges there.
        (
            "chat",
            103,
            {
                "source_broadcaster_user_id": "51936711",
                "source_message_id": "354593dc-5538-4495-8a4c-39cb589880e5",
                "source_badges": [badge("subscriber", "9", "10"), badge("no_audio", "1")],
            },
        ),
        # They are sent to the channel that it was written in, too. There, nothing of them is new.
        ("chat", 145, {"is_source_only": True}),
        # Announcements
        ("events", 48, {"message_type": "announcement"}),
        (
            "events",
            75,
            {
                "message_type": "announcement",
                "emote_ranges": [
                    place("723789", "bookF", 11, 16),
                    place("25", "Kappa", 17, 22),
                    place("1902", "Keepo", 23, 28),
                ],
            },
        ),
        (
            "events",
            28,
            {
                "message_type": "announcement",
                "source_broadcaster_user_id": "6361367091",
                "source_message_id": "80f81b34-ebab-4e4d-a8c7-1013a2f6d616",
                "source_badges": [
                    badge("staff", "1"),
                    badge("moderator", "1"),
                    badge("bits-leader", "1"),
                ],
            },
        ),
        ("events", 100, {"message_type": "announcement", "is_source_only": True}),
        # Moved back by the flagged part before it, and skipped as in `emotes`.
        (
            "emotes",
            43,
            {"emote_ranges": [place("25", "Kappa", 39, 44)], "automod_flags": "17-26:S.6"},
        ),
        ("emotes", 60, {"automod_flags": "17-26:S.6"}),
        # An id with a `/` in it, after a character of two UTF-16 units.
        ("emotes", 49, {"emote_ranges": [place("74008_/3", "bookZ_/3", 7, 15)]}),
        # Code points, the end exclusive.
        ("emotes", 63, {"emote_ranges": [place("483", "<3", at, at + 2) for at in (2, 7, 12)]}),
        # Positions of a `/me` text count inside of the wrapper.
        (
            "emotes",
            39,
            {
                "is_action": True,
                "is_emote_only": True,
                "emote_ranges": [
                    place("25", "Kappa", 0, 5),
                    place("1902", "Keepo", 6, 11),
                    place("88", "PogChamp", 12, 20),
                ],
            },
        ),
    ],
)
def test_a_field_comes_from_its_tag(recording: str, number: int, fields: dict[str, Any]) -> None:
    """And no other field is there."""
    assert further(recording, number) == fields


def test_a_line_has_its_nonce() -> None:
    """The chatter's program made it."""
    assert record("chat", 24)["client_nonce"] == "e8249b1f891a45d218bafcbbaa491329"


def test_an_anonymous_cheer_is_kept_as_sent() -> None:
    """Twitch's own account stands for who cheered."""
    found = record("chat", 143)
    assert (found["user_id"], found["username"]) == ("407665396", "ananonymouscheerer")
    assert found["display_name"] == "AnAnonymousCheerer"
    assert found["cheer"] == {"bits": 100}


def test_an_unknown_kind_of_message_keeps_its_name() -> None:
    """Escapes are decoded."""
    assert as_json(line("hi", {"msg-id": r"new\skind"}))["message_type"] == "new kind"


@pytest.mark.parametrize("bits", ["0", "", "many", "-1", "1.5", "\u0663", "9" * 5000])
def test_bits_that_are_no_number_are_left_out(bits: str) -> None:
    """So are none."""
    assert "cheer" not in as_json(line("hi", {"bits": bits}))


def test_the_emotes_of_an_announced_me_text_count_from_the_text() -> None:
    """Twitch counts from the word ACTION there."""
    raw = line(
        "\x01ACTION Kappa\x01",
        {"msg-id": "announcement", "login": "rosyfinch", "emotes": "1:0-5/25:7-11"},
        "USERNOTICE",
    )
    found = as_json(raw)
    assert (found["message"], found["is_action"]) == ("Kappa", True)
    assert found["emote_ranges"] == [place("25", "Kappa", 0, 5)]


def test_a_chatter_without_an_id_is_not_the_broadcaster() -> None:
    """Of a channel whose id is not known either."""
    irc = parse_irc(b":ann!a@a PRIVMSG #birdwatch :hi")
    assert irc is not None
    received = extended_received_message(irc, room_id="", now_ms=NOW_MS)
    assert received is not None
    assert isinstance(received.message, ExtendedMessage)
    assert received.message.roles == ()


def test_a_line_with_nothing_usual_still_has_all() -> None:
    """The fast path does not parse it."""
    raw = line("hi", {"room-id": r"1\:2", "bits": "5", "first-msg": "1"})
    found = as_json(raw)
    assert (found["channel_id"], found["cheer"]) == ("1;2", {"bits": 5})
    assert found["is_first_message"] is True


_VALUES = {
    **dict.fromkeys(("first-msg", "emote-only", "returning-chatter", "source-only", "vip"), "1"),
    "badges": "vip/1,predictions/blue-1",
    "badge-info": r"predictions/a/b\sc",
    "bits": "100",
    "custom-reward-id": "CELEBRATION",
    "animation-id": "simmer",
    "msg-id": "user-intro",
    "flags": "0-1:P.3",
    "gifs": "0-1|a|https://example.org/?a=b,c",
    "reply-parent-msg-id": "1",
    "reply-parent-msg-body": r"a\sb",
    "reply-thread-parent-display-name": r"A\s",
    "source-room-id": "5",
    "source-id": "6",
    "source-badges": "moderator/1",
    "new-tag": "new",
}


@thorough
@given(
    st.permutations([*(TAGS | _VALUES)]),
    st.integers(0, len(TAGS | _VALUES)),
    st.sets(st.sampled_from([*_VALUES])),
    st.booleans(),
    strategies.texts,
)
def test_both_paths_agree_on_any_tags_in_any_order(
    names: list[str], count: int, usual: set[str], sort: bool, text: str
) -> None:
    """`extended_message` compares them. The record begins with the six fields, and can be read."""
    tags = {name: (TAGS if name in usual else _VALUES | TAGS).get(name, "") for name in names}
    tags |= {name: _VALUES[name] for name in _VALUES.keys() - usual}
    chosen = [name for name in names[:count] if name in TAGS or name not in usual]
    raw_tags = ";".join(f"{name}={tags[name]}" for name in (sorted(chosen) if sort else chosen))
    raw = f"@{raw_tags} :ann!ann@ann.tmi.twitch.tv PRIVMSG #birdwatch :{text}".encode()
    parsed_line(raw)
    message = extended_message(raw)
    assert decode_extended_message(encode_chat_message(message)) == message


@thorough
@given(strategies.tags, strategies.sources, strategies.texts, st.sampled_from(["", "\x01ACTION "]))
def test_no_line_raises(tags: dict[str, str], source: str, text: str, before: str) -> None:
    """Whatever its tags are."""
    raw = strategies.irc_line(tags, source, "PRIVMSG", ["#a", before + text])
    assert extended_line(raw) is None or isinstance(extended_message(raw), ExtendedMessage)
