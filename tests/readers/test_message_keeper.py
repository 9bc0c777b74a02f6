"""The last messages of a channel in their page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from common.chat_message import ChatMessage, decode_chat_message, encode_chat_message
from common.frames import Batch, Kind, Record
from common.status.last_messages import (
    MESSAGES_PAGE_BYTES,
    SHOWN_MESSAGES,
    LastMessages,
    messages_page,
)
from common.status.page import read_page
from readers.message_keeper import MessageKeeper, remove_messages
from readers.opt_out.file import OptOutList
from readers.opt_out.people import People
from readers.opt_out.redaction import names_them


def batch(*texts: str, kind: Kind = Kind.CHAT) -> Batch:
    """Return a batch of messages with *texts*."""
    return Batch(
        kind,
        [
            Record(b"71", number, encode_chat_message(ChatMessage("71", "5", "ann", text, 1, [])))
            for number, text in enumerate(texts, 1)
        ],
    )


def texts_in(folder: Path) -> list[str]:
    """Return the texts in the page of xqc."""
    status = read_page(messages_page(folder, "xqc"), LastMessages, MESSAGES_PAGE_BYTES).status
    return [decode_chat_message(message.value).message for message in status.messages]


def test_the_last_ten_messages_are_kept(tmp_path: Path) -> None:
    """Also those of an earlier process. Only the owner may read them."""
    keeper = MessageKeeper(tmp_path, "xqc")
    assert texts_in(tmp_path) == []
    keeper.on_put(batch("1", "2"))
    keeper.on_put(batch("gap", kind=Kind.GAP))
    assert texts_in(tmp_path) == ["1", "2"]
    keeper.close()
    keeper = MessageKeeper(tmp_path, "xqc")
    keeper.on_put(batch(*map(str, range(3, 13))))
    keeper.on_put(batch("13"))
    keeper.close()
    assert texts_in(tmp_path) == [str(number) for number in range(4, 14)]
    assert messages_page(tmp_path, "xqc").stat().st_mode & 0o777 == 0o600


def test_what_does_not_fit_is_left_out(tmp_path: Path) -> None:
    """The newest messages stay, however long; one that is too long by itself is left out."""
    keeper = MessageKeeper(tmp_path, "xqc")
    for number in range(10):
        keeper.on_put(batch(str(number) * 2000))
    assert [text[0] for text in texts_in(tmp_path)] == ["7", "8", "9"]
    keeper.on_put(batch("x" * 20_000))
    assert [text[0] for text in texts_in(tmp_path)] == ["7", "8", "9"]
    keeper.close()


def test_they_are_removed_where_they_are_not_to_be_shown(tmp_path: Path) -> None:
    """Whether there are any or not."""
    MessageKeeper(tmp_path, "xqc").close()
    remove_messages(tmp_path, "xqc")
    assert not messages_page(tmp_path, "xqc").exists()
    remove_messages(tmp_path, "xqc")


def test_what_is_unwanted_is_removed_from_the_file(tmp_path: Path) -> None:
    """A page has two slots, and nothing of it may be left in either. The other messages stay."""
    keeper = MessageKeeper(tmp_path, "xqc")
    keeper.on_put(batch("a", "secret" * 100))
    keeper.on_put(batch("b", "secret" * 50))
    assert b"secret" in messages_page(tmp_path, "xqc").read_bytes()
    keeper.remove(lambda message: message.message.startswith("secret"))
    assert texts_in(tmp_path) == ["a", "b"]
    assert b"secret" not in messages_page(tmp_path, "xqc").read_bytes()
    keeper.on_put(batch("c"))
    keeper.close()
    assert texts_in(tmp_path) == ["a", "b", "c"]


def test_nothing_is_left_of_messages_that_others_followed(tmp_path: Path) -> None:
    """Shorter ones are written over the beginning of a slot only."""
    keeper = MessageKeeper(tmp_path, "xqc")
    keeper.on_put(batch("secret" * 1000))
    for number in range(2 * SHOWN_MESSAGES):
        keeper.on_put(batch(str(number)))
    kept = texts_in(tmp_path)
    keeper.remove(lambda message: message.message.startswith("secret"))
    assert b"secret" not in messages_page(tmp_path, "xqc").read_bytes()
    assert texts_in(tmp_path) == kept
    keeper.close()


def test_messages_of_people_who_opt_out_are_removed(tmp_path: Path) -> None:
    """And replies to them."""
    keeper = MessageKeeper(tmp_path, "xqc")
    keeper.on_put(batch("a"))
    keeper.on_put(batch("@shyone b", "@shyones c", "shyone d"))
    people = People()
    people.take(OptOutList(logins=frozenset({"shyone"})))
    keeper.remove(partial(names_them, people=people))
    assert texts_in(tmp_path) == ["a", "@shyones c", "shyone d"]
    people.take(OptOutList(frozenset({"5"})))
    keeper.remove(partial(names_them, people=people))
    keeper.close()
    assert texts_in(tmp_path) == []
