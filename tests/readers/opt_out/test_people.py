"""What is remembered of people who have opted out."""

from __future__ import annotations

from readers.opt_out.file import OptOutList
from readers.opt_out.people import People


def listed(*entries: str) -> People:
    """Return the people whose ids and logins are *entries*."""
    people = People()
    people.take(list_of(*entries))
    return people


def list_of(*entries: str) -> OptOutList:
    """Return what is read from a file with *entries*."""
    ids = frozenset(entry for entry in entries if entry.isdecimal())
    return OptOutList(ids, frozenset(entries) - ids)


def test_what_comes_bit_by_bit_is_put_together() -> None:
    """Twitch does not send all of a person at once."""
    people = listed("4711")
    assert people.has("4711", "ShyOne")
    assert people.has("4711", "", "Shy One")
    assert people.has("4711", "")
    assert people.has_name("shyone")
    assert people.has_name("SHY ONE")
    assert people.is_in("Thanks to SHY ONE!")
    assert not people.is_in("Thanks to xshyonex!")


def test_a_login_that_was_given_up_is_nobodys() -> None:
    """Somebody else may take it. The id stays."""
    people = listed("4711")
    assert people.has("4711", "shyone", "Shy One")
    assert people.has("4711", "renamed", "Re Named")
    assert people.has_name("renamed")
    assert not people.has_name("shyone")
    assert not people.is_in("Shy One")


def test_a_listed_login_is_of_whoever_has_it_now() -> None:
    """Whoever had it before is recorded again."""
    people = listed("shyone")
    assert people.has("4711", "shyone")
    assert people.has_id("4711")
    assert people.has("4712", "shyone")
    assert people.has_id("4712")
    assert not people.has_id("4711")


def test_only_who_is_listed_is_remembered() -> None:
    """A name that was learnt leads to no one else."""
    people = listed("4711")
    assert people.has("4711", "shyone")
    assert people.has("9", "shyone", "Other")
    assert not people.has_id("9")
    assert not people.has_name("other")


def test_a_login_of_digits_is_no_id() -> None:
    """Both people are listed; each keeps a name of their own."""
    people = listed("12", "4711")
    assert people.has("4711", "shyone")
    assert people.has("12", "4711")
    assert people.has_name("shyone")


def test_who_stays_on_the_list_stays_known() -> None:
    """Others are forgotten when the list changes."""
    people = listed("4711", "12")
    assert people.has("4711", "shyone")
    assert people.has("12", "hush")
    people.take(list_of("4711", "13"))
    assert people.has_name("shyone")
    assert not people.has_name("hush")
