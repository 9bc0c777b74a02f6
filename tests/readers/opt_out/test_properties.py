"""Whatever the line: no field of what leaves the reader names somebody who has opted out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readers.parsing.line_parser import line_parser
from readers.parsing.received import Received, ReceivedEvent
from tests.processes import REPOSITORY
from tests.readers.opt_out.withheld import Reader

RECORDINGS = REPOSITORY / "tests" / "recordings"

#: What people type may name anybody; so may the texts of a channel.
TYPED = {"message", "parent_message_body", "description", "emotes", "emote_ranges"}

#: The channel that is read is named in each record, whoever it belongs to.
CHANNEL = {"channel_id", "channel"}


class Person(NamedTuple):
    """Somebody in a chat, as tags name them."""

    id: str
    login: str
    name: str


ANYBODY = [
    Person("90071", "shyone", "ShyOne"),
    Person("90072", "hush_hush", r"內向的人"),
    Person("90073", "quietly", r"Qu\siet"),
    Person("90074", "bold", "Bold"),
]
PERSON = st.sampled_from(ANYBODY)

#: The tags that name a person: by id, login and name.
PLACES = [
    ("user-id", "login", "display-name"),
    ("target-user-id", "", ""),
    ("reply-parent-user-id", "reply-parent-user-login", "reply-parent-display-name"),
    (
        "reply-thread-parent-user-id",
        "reply-thread-parent-user-login",
        "reply-thread-parent-display-name",
    ),
    ("msg-param-recipient-id", "msg-param-recipient-user-name", "msg-param-recipient-display-name"),
    ("msg-param-gifter-id", "msg-param-gifter-login", "msg-param-gifter-name"),
    (
        "msg-param-prior-gifter-id",
        "msg-param-prior-gifter-user-name",
        "msg-param-prior-gifter-display-name",
    ),
    ("", "msg-param-sender-login", "msg-param-sender-name"),
    ("", "msg-param-login", "msg-param-displayName"),
    ("source-room-id", "", ""),
    ("msg-param-new", "msg-param-other", "msg-param-third"),
]

KINDS = [
    *("sub", "resub", "subgift", "anonsubgift", "submysterygift", "giftpaidupgrade"),
    *("anongiftpaidupgrade", "primepaidupgrade", "communitypayforward", "standardpayforward"),
    *("raid", "unraid", "announcement", "bitsbadgetier", "viewermilestone", "modiversary"),
    *("charitydonation", "socialsharingbadge", "rewardgift", "somethingnew"),
]


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Return a line with people in some of the places where Twitch names them."""
    author, target = draw(PERSON), draw(PERSON)
    command = draw(st.sampled_from(["PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG"]))
    tags = {"id": "1-2-3", "room-id": "11", "tmi-sent-ts": "1704557984095", "emotes": ""}
    if command == "USERNOTICE":
        kind = draw(st.sampled_from(KINDS))
        is_shared = draw(st.booleans())
        tags |= (
            {"msg-id": "sharedchatnotice", "source-msg-id": kind} if is_shared else {"msg-id": kind}
        )
        tags["system-msg"] = rf"{author.name}\sgave\ssomething\sto\s{target.name}!"
    if draw(st.booleans()):
        tags |= {"reply-parent-msg-id": "4-5-6", "reply-parent-msg-body": f"@{target.login}\\sno"}
    for place in PLACES:
        person = author if place[0] == "user-id" else draw(st.one_of(st.none(), PERSON))
        if person:
            tags |= {name: value for name, value in zip(place, person, strict=True) if name}
    if command.startswith("CLEAR"):
        tags["login"] = target.login
    text = target.login if command == "CLEARCHAT" else "hello"
    source = f"{author.login}!{author.login}@x" if command == "PRIVMSG" else "tmi.twitch.tv"
    # The fast path needs them in Twitch's order.
    raw = ";".join(f"{name}={value}" for name, value in sorted(tags.items()))
    return f"@{raw} :{source} {command} #birdwatch :{text}".encode()


def values(record: Any) -> Iterator[str]:
    """Yield all texts in *record*, but those that people type."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict):
        for key, value in record.items():
            if key not in TYPED and key not in CHANNEL:
                yield from values(value)
    elif isinstance(record, list):
        for value in record:
            yield from values(value)


def texts_of(left: Sequence[Received]) -> list[str]:
    """Return the texts in the records that *left* becomes, lower case."""
    records = [
        received.event if isinstance(received, ReceivedEvent) else received.message
        for received in left
    ]
    return [text.lower() for record in records for text in values(msgspec.to_builtins(record))]


def names(person: Person, text: str) -> bool:
    """Return whether *text* names *person*, as a word."""
    parts = (person.id, person.login, person.name.replace(r"\s", " ").lower())
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in parts)


@pytest.mark.parametrize("extended", [False, True])
@given(st.lists(lines(), min_size=1, max_size=4), st.sets(PERSON, min_size=1, max_size=2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_field_names_them(
    tmp_path: Path, extended: bool, chat: list[bytes], hidden: set[Person]
) -> None:
    """Listed by id and by login, as docs/privacy.md advises."""
    path = tmp_path / "optout.conf"
    path.write_text("".join(f"{person.id}\n{person.login}\n" for person in hidden))
    reader = Reader(path, line_parser(extended=extended))
    # Twitch's sentences use the name as shown, which is known once somebody has spoken.
    introductions = [
        f"@display-name={name};emotes=;room-id=11;user-id={user_id} :{login}!x@x PRIVMSG #x :a"
        for user_id, login, name in hidden
    ]
    assert reader.read(*(said.encode() for said in introductions)) == []
    texts = texts_of(reader.read(*chat))
    assert not [text for text in texts for person in hidden if names(person, text)]


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("name", ["chat.txt", "emotes.txt", "events.txt", "server.txt"])
def test_without_a_list_nothing_changes(tmp_path: Path, name: str, extended: bool) -> None:
    """And with one, what does not name its people stays as it is."""
    path = tmp_path / "optout.conf"
    recorded = [line.encode() for line in (RECORDINGS / name).read_text().split("\n")]
    parser = line_parser(extended=extended)
    plain = Reader(path, parser).read(*recorded)
    path.write_text("1\nnobody_of_these\n")
    reader = Reader(path, parser)
    assert reader.read(*recorded) == plain
    assert reader.dropped == 0
