"""Where a line of a shared chat was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from common.extended_message import Badge
from readers.parsing.names import display_name
from readers.parsing.shared_chat import Source, is_source_only, source

_TAGS = {
    "source-room-id": "22",
    "source-id": "b119fb84-77b2-4fbc-9f3b-9ff34ba8a2a4",
    "source-badges": "moderator/1,subscriber/3012",
    "source-badge-info": "subscriber/14",
}


def test_a_line_of_another_channel_names_it() -> None:
    """With the badges that the chatter has there."""
    there = (Badge("moderator", "1"), Badge("subscriber", "3012", "14"))
    assert source(_TAGS, "11") == Source("22", _TAGS["source-id"], there)


def test_a_line_of_the_channel_itself_names_no_source() -> None:
    """Although Twitch sends the tags to that channel, too."""
    assert source(_TAGS, "22") == Source() == source({}, "22")


def test_only_a_one_means_that_the_line_stays_in_its_channel() -> None:
    """Twitch sends a zero, too."""
    assert is_source_only({"source-only": "1"})
    assert not is_source_only({"source-only": "0"})
    assert not is_source_only({})


def test_a_name_as_shown_is_left_out_if_it_is_the_login_name() -> None:
    """It is not if a capital letter or a blank differs."""
    assert display_name("finch", "finch") == ""
    assert display_name("Finch", "finch") == "Finch"
    assert display_name(r"finch\s", "finch") == "finch "
    assert display_name("雀", "finch") == "雀"


@given(st.dictionaries(st.sampled_from([*_TAGS, "source-only"]), st.text()), st.text())
def test_no_tags_raise(tags: dict[str, str], channel_id: str) -> None:
    """Whatever they hold."""
    assert source(tags, channel_id).broadcaster_user_id != channel_id or not channel_id
    is_source_only(tags)
