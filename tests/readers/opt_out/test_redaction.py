"""What is left of messages and events that name people who have opted out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from common import event_payloads as payloads
from common.chat_event import UNKNOWN, ChatEvent
from common.chat_message import ChatMessage
from common.extended_message import ExtendedMessage, Reply
from readers.opt_out.file import OptOutList
from readers.opt_out.people import People
from readers.opt_out.redaction import names_them, redacted
from readers.parsing.irc import IrcMessage, parse_irc
from readers.parsing.line_parser import line_parser
from readers.parsing.received import Received, ReceivedEvent, ReceivedMessage
from tests.readers.chat_lines import line
from tests.readers.memberships import messages_in
from tests.readers.opt_out.withheld import Reader

NOTHING = IrcMessage(";", "", "", "USERNOTICE", "")

#: A reply to Shy One, whose login is shyone and whose id is 4711.
REPLY = {
    "reply-parent-msg-id": "b34ccfc7",
    "reply-parent-user-id": "4711",
    "reply-parent-user-login": "shyone",
    "reply-parent-display-name": r"Shy\sOne",
    "reply-parent-msg-body": "secret",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that lists Shy One by id only."""
    path = tmp_path / "optout.conf"
    path.write_text("4711\n")
    return path


@pytest.fixture
def people() -> People:
    """Return a list with Shy One by id and by login."""
    people = People()
    people.take(OptOutList(frozenset({"4711"}), frozenset({"shyone"})))
    return people


def event(type_: str, **fields: object) -> ReceivedEvent:
    """Return an event of somebody who has not opted out."""
    named = {"user_id": "1", "username": "bold", "system_message": "Bold and ShyOne!", **fields}
    made = ChatEvent(channel_id="71", channel="xqc", type=type_, timestamp=1, **named)  # type: ignore[arg-type]
    return ReceivedEvent(made, "id")


def kept(received: Received | None) -> ChatEvent:
    """Return the event that is left."""
    assert isinstance(received, ReceivedEvent)
    return received.event


@pytest.mark.parametrize("mention", ["@Shy One", "@shyone", "@ShyOne"])
def test_a_reply_keeps_its_text_without_the_name(path: Path, mention: str) -> None:
    """As many characters as before: the positions of emotes in clients stay right."""
    reader = Reader(path)
    (message,) = messages_in(reader.read(line(f"{mention} shyone is right Kappa", REPLY)))
    assert message.message == f"@{'*' * (len(mention) - 1)} shyone is right Kappa"
    assert reader.dropped == 0


@pytest.mark.parametrize(
    "text", ["@shyones hello", "@shyone_b hello", "hello @shyone", "@bold hello", "@", ""]
)
def test_what_is_no_mention_stays(path: Path, text: str) -> None:
    """What people type about somebody is theirs."""
    (message,) = messages_in(Reader(path).read(line(text, REPLY)))
    assert message.message == text


def test_other_replies_and_texts_that_look_like_one_stay(path: Path) -> None:
    """To the letter, and also on the fast path."""
    lines = [
        line("@bold hello", REPLY | {"reply-parent-user-id": "1", "reply-parent-user-login": "b"}),
        line("reply-parent-user-id=4711;@shyone"),
        line("@shyone typed by hand"),
    ]
    assert messages_in(Reader(path).read(*lines)) == messages_in(
        Reader(path.with_name("none")).read(*lines)
    )


def test_a_login_is_learnt_from_what_is_dropped(path: Path) -> None:
    """A deletion names the login only."""
    deletion = (
        b"@login=shyone;room-id=;target-msg-id=1-2;tmi-sent-ts=1 :tmi.twitch.tv CLEARMSG #x :a"
    )
    said = line("hello", {"user-id": "4711"}).replace(b"rosyfinch", b"shyone")
    reader = Reader(path)
    assert len(reader.read(deletion)) == 1
    assert reader.read(said, deletion) == []
    assert reader.dropped == 2
    path.write_text("999\n")
    assert len(reader.read(deletion)) == 1, "it is remembered no longer than it has to be"


def test_an_id_is_learnt_from_what_is_dropped(path: Path) -> None:
    """Somebody with another login is still the same person, until the reader restarts."""
    path.write_text("rosyfinch\n")
    reader = Reader(path)
    renamed = line("hello").replace(b"rosyfinch", b"rosytwo")
    assert len(reader.read(renamed)) == 1
    assert reader.read(line("hello"), renamed) == []


def test_what_a_moderator_does_to_somebody_is_dropped(path: Path) -> None:
    """And counted; a clearing of the chat is not about anybody."""
    clear = b"@room-id=1;tmi-sent-ts=1594836194898 :tmi.twitch.tv CLEARCHAT #mailbox"
    ban = b"@room-id=1;target-user-id=%b;tmi-sent-ts=1594836194898 :tmi.twitch.tv CLEARCHAT #m :%b"
    reader = Reader(path)
    left = reader.read(ban % (b"4711", b"shyone"), ban % (b"1", b"bold"), clear)
    assert [kept(received).type for received in left] == ["clear_user_messages", "clear"]
    assert reader.dropped == 1


SHY = {"user_id": "4711", "user_login": "shyone", "user_name": "Shy One"}
GIFTER: dict[str, Any] = {f"gifter_{name}": value for name, value in SHY.items()}
RECIPIENT: dict[str, Any] = {f"recipient_{name}": value for name, value in SHY.items()}


@pytest.mark.parametrize(
    ("payload", "left"),
    [
        (
            payloads.SubGift(**RECIPIENT, sub_tier="1000", recipient_cumulative_months=7),
            payloads.SubGift(sub_tier="1000"),
        ),
        (payloads.SubGift(recipient_user_name="ShyOne"), payloads.SubGift()),
        (payloads.Resub(**GIFTER, is_gift=True), payloads.Resub(is_gift=True)),
        (
            payloads.GiftPaidUpgrade(gifter_user_login="ShyOne", promo_name="a"),
            payloads.GiftPaidUpgrade(promo_name="a"),
        ),
        (payloads.PayItForward(**GIFTER), payloads.PayItForward()),
        (
            payloads.PayItForward(**RECIPIENT, gifter_user_login="bold"),
            payloads.PayItForward(gifter_user_login="bold"),
        ),
    ],
    ids=[
        "sub_gift",
        "by name only",
        "resub",
        "gift_paid_upgrade",
        "pay_it_forward gifter",
        "and recipient",
    ],
)
def test_gifts_are_kept_without_them(
    people: People, payload: payloads.SubGift, left: payloads.SubGift
) -> None:
    """Without Twitch's sentence, too, which names them."""
    key = {"SubGift": "sub_gift", "Resub": "resub", "GiftPaidUpgrade": "gift_paid_upgrade"}.get(
        type(payload).__name__, "pay_it_forward"
    )
    received = redacted(event(key, **{key: payload}), NOTHING, people)
    assert received == event(key, **{key: left}, system_message="")


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "4711"},
        {"username": "shyone"},
        {"display_name": "ShyOne"},
        {"source_broadcaster_user_id": "4711"},
        {"raid": payloads.Raid(user_login="shyone", viewer_count=3)},
        {"raid": payloads.Raid(user_id="4711")},
        {"clear_user_messages": payloads.ClearUserMessages(target_user_id="4711")},
        {"clear_user_messages": payloads.ClearUserMessages(target_user_login="shyone")},
        {"message_delete": payloads.MessageDelete(target_user_login="shyone")},
        {"type_": UNKNOWN, "params": {"who": "4711"}},
        {"type_": UNKNOWN, "params": {"who": "shyone"}},
        {"type_": UNKNOWN, "params": {"text": "Thanks to ShyOne!"}},
        {"type_": UNKNOWN, "params": {"url": "https://example.com/users/4711"}},
    ],
)
def test_events_of_and_against_them_are_dropped(people: People, fields: dict[str, object]) -> None:
    """In whichever field of its own Twitch names them."""
    type_ = str(fields.pop("type_", "raid"))
    assert redacted(event(type_, **fields), NOTHING, people) is None


def test_other_events_stay(people: People) -> None:
    """As they are, but for a sentence that names them."""
    other = event("raid", raid=payloads.Raid(user_login="bold"), system_message="47 Bold 4711x")
    assert redacted(other, NOTHING, people) == other
    named = event("sub", sub=payloads.Sub(sub_tier="1000"))
    assert kept(redacted(named, NOTHING, people)).system_message == ""


def extended(text: str = "@bold hello", **fields: object) -> ReceivedMessage:
    """Return an extended message of somebody who has not opted out."""
    message = ExtendedMessage("71", "1", "bold", text, 1, [], message_id="m", **fields)  # type: ignore[arg-type]
    return ReceivedMessage(message, "m", 0)


def test_an_extended_reply_to_them_is_none(people: People) -> None:
    """Neither their message nor its id."""
    irc = parse_irc(line("@ShyOne hello", REPLY))
    assert irc
    reply = Reply("b34ccfc7", "secret", "4711", "shyone", "Shy One")
    received = redacted(extended("@ShyOne hello", reply=reply), irc, people)
    assert received == extended("@****** hello")


@pytest.mark.parametrize("name", ["ShyOne", "Shy One"])
def test_a_thread_of_theirs_has_no_author(people: People, name: str) -> None:
    """Nor their name before the text of a reply to them. The parent, of somebody else, stays."""
    parent = ("p", f"@{name} yes", "2", "carl", "")
    reply = Reply(*parent, "t", "", "shyone", name)
    received = redacted(extended(reply=reply), NOTHING, people)
    assert received == extended(reply=Reply("p", f"@{'*' * len(name)} yes", "2", "carl", ""))


@pytest.mark.parametrize(
    "author", [("4711", "renamed", "Renamed"), ("", "shyone", ""), ("", "", "ShyOne")]
)
def test_the_author_of_a_thread_is_known_by_id_or_name(
    people: People, author: tuple[str, str, str]
) -> None:
    """So is whom the parent answers, who may be somebody else."""
    reply = Reply("p", "@shyone yes", "2", "carl", "Carl", "t", *author)
    received = redacted(extended(reply=reply), NOTHING, people)
    assert received == extended(reply=Reply("p", "@****** yes", "2", "carl", "Carl"))


def test_whom_a_parent_answers_is_not_named(people: People) -> None:
    """In a thread of somebody else, which stays."""
    thread = ("t", "3", "dora", "Dora")
    reply = Reply("p", "@ShyOne yes", "2", "carl", "Carl", *thread)
    received = redacted(extended(reply=reply), NOTHING, people)
    assert received == extended(reply=Reply("p", "@****** yes", "2", "carl", "Carl", *thread))


@pytest.mark.parametrize(
    ("reply", "names"),
    [
        (Reply("p", "secret", "4711", "renamed", "Renamed"), True),
        (Reply("p", "secret", "", "shyone", ""), True),
        (Reply("p", "secret", "", "", "ShyOne"), True),
        (Reply("p", "yes", "2", "carl", "Carl", "t", "4711"), True),
        (Reply("p", "yes", "2", "carl", "Carl", "t", "", "shyone"), True),
        (Reply("p", "@shyone yes", "2", "carl", "Carl"), True),
        (Reply("p", "shyone yes", "2", "carl", "Carl", "t", "3", "dora", "Dora"), False),
    ],
)
def test_a_reply_that_is_shown_names_them(people: People, reply: Reply, names: bool) -> None:
    """As parent, as author of the thread, or in front of the parent's text."""
    message = extended(reply=reply).message
    assert isinstance(message, ExtendedMessage)
    assert names_them(message, people) == names


@pytest.mark.parametrize("name", ["Shy One", "恥ずかし・屋"])
def test_a_name_as_shown_is_found_in_texts_of_twitch(people: People, name: str) -> None:
    """Once it is known, also where it is not given in a field of its own."""
    assert people.has("4711", "shyone", name)
    reply = Reply("p", f"@{name} yes", "2", "carl")
    masked = Reply("p", f"@{'*' * len(name)} yes", "2", "carl")
    assert redacted(extended(reply=reply), NOTHING, people) == extended(reply=masked)
    assert names_them(extended(f"@{name} hello").message, people)  # type: ignore[arg-type]
    odd = event(UNKNOWN, params={"text": f"for {name}!"})
    assert redacted(odd, NOTHING, people) is None


def test_a_reply_whose_tags_have_no_name_keeps_none(people: People) -> None:
    """The id tells whom it is to."""
    irc = parse_irc(line("@ShyOne hello", {"reply-parent-user-id": "4711"}))
    assert irc
    assert redacted(extended("@ShyOne hello"), irc, people) == extended("@****** hello")


def test_their_channel_in_a_shared_chat_is_not_named(people: People) -> None:
    """As in the basic format. The message is somebody else's."""
    shared = extended(source_broadcaster_user_id="4711", source_message_id="s")
    assert redacted(shared, NOTHING, people) == extended()


@pytest.mark.parametrize("name", ["user_id", "username", "display_name"])
def test_their_messages_are_dropped_in_both_formats(people: People, name: str) -> None:
    """By any of their names."""
    values = {"user_id": "4711", "username": "shyone", "display_name": "ShyOne"}
    fields = {"user_id": "1", "username": "b", "display_name": "B", name: values[name]}
    display_name = fields.pop("display_name")
    irc = parse_irc(line("hello", {"display-name": display_name}))
    assert irc
    more = {"message": "hello", "timestamp": 1, "emotes": [], "channel_id": "71"}
    for message in (
        ChatMessage(**fields, **more),  # type: ignore[arg-type]
        ExtendedMessage(**fields, **more, display_name=display_name),  # type: ignore[arg-type]
    ):
        assert redacted(ReceivedMessage(message, "", 0), irc, people) is None


def test_the_extended_parser_is_withheld_from_as_well(path: Path) -> None:
    """With all the tags of a reply: the message, without its `reply`."""
    reader = Reader(path, line_parser(extended=True))
    (message,) = messages_in(reader.read(line("@ShyOne shyone is right", REPLY)))
    assert isinstance(message, ExtendedMessage)
    assert (message.message, message.reply) == ("@****** shyone is right", None)
    others = {name: value.replace("4711", "1") for name, value in REPLY.items()}
    others |= {"reply-parent-user-login": "bold", "reply-parent-display-name": "Bold"}
    (message,) = messages_in(reader.read(line("@bold yes", others)))
    assert isinstance(message, ExtendedMessage)
    assert message.reply is not None
