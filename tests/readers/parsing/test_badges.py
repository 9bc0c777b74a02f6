"""Badges and roles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.extended_message import Badge
from readers.parsing.badges import badges, roles


@pytest.mark.parametrize(
    ("sent", "infos", "expected"),
    [
        ("", "", ()),
        ("", "subscriber/22", ()),
        ("vip/1,partner/1", "", (Badge("vip", "1"), Badge("partner", "1"))),
        # In the order of the tag `badges`, whatever the order of the other.
        (
            "subscriber/3012,bits/100",
            "bits/7,subscriber/14",
            (Badge("subscriber", "3012", "14"), Badge("bits", "100", "7")),
        ),
        # The id of a subscriber's badge is no number of months.
        ("subscriber/3072", "subscriber/75", (Badge("subscriber", "3072", "75"),)),
        # The months of a founder are in the info of that set.
        ("founder/0", "founder/17", (Badge("founder", "0", "17"),)),
        # An info may hold a `/`, a blank, and a `⸝` for a comma.
        (
            "predictions/blue-1,subscriber/60",
            r"predictions/Day\s53/53\shop⸝\shop,subscriber/67",
            (
                Badge("predictions", "blue-1", "Day 53/53 hop⸝ hop"),
                Badge("subscriber", "60", "67"),
            ),
        ),
        (",,/,vip", "", (Badge("vip", ""),)),
        # Repeated for each, the info of a hostile line would become gigabytes.
        ("vip/1,vip/2", "vip/long", (Badge("vip", "1", "long"), Badge("vip", "2"))),
        ("vip/1," * 101, "", (Badge("vip", "1"),) * 100),
    ],
)
def test_badges_come_in_the_order_of_the_tag(
    sent: str, infos: str, expected: tuple[Badge, ...]
) -> None:
    """Each with its info, if there is one."""
    assert badges(sent, infos) == expected


_ROLE_TAGS = ("badges", "mod", "subscriber", "vip", "turbo", "user-type")

_IN_ORDER = {
    "badges": "bot-badge/1,turbo/1,founder/0,vip/1,lead_moderator/1,global_mod/1,admin/1,staff/1,"
    "broadcaster/1"
}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, ""),
        (dict.fromkeys(_ROLE_TAGS, "0"), ""),
        (
            _IN_ORDER,
            "broadcaster staff admin global_mod lead_moderator moderator vip subscriber founder"
            " turbo bot",
        ),
        ({"badges": "moderator/1"}, "moderator"),
        ({"badges": "subscriber/12"}, "subscriber"),
        ({"mod": "1"}, "moderator"),
        ({"vip": "1"}, "vip"),
        ({"subscriber": "1"}, "subscriber"),
        ({"turbo": "1"}, "turbo"),
        ({"user-type": "mod"}, ""),
        *[({"user-type": role}, role) for role in ("staff", "admin", "global_mod")],
        # Sets whose names only begin like these.
        ({"badges": "vip-gifter/1,twitch-recap-2023/1,subscriber-gift/1"}, ""),
    ],
)
def test_roles_come_from_badges_and_tags_in_order_of_rank(
    tags: dict[str, str], expected: str
) -> None:
    """Whatever the order of the badges."""
    assert " ".join(roles(tags, is_broadcaster=False)) == expected


def test_the_broadcaster_is_known_without_the_badge() -> None:
    """By the user id. The role is there once, and first."""
    assert roles({"badges": "vip/1"}, is_broadcaster=True) == ("broadcaster", "vip")
    assert roles({"badges": "broadcaster/1"}, is_broadcaster=True) == ("broadcaster",)


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(_ROLE_TAGS), st.text()))
def test_no_tags_raise(sent: str, infos: str, tags: dict[str, str]) -> None:
    """Whatever they hold."""
    assert len(badges(sent, infos)) <= sent.count(",") + 1
    roles(tags, is_broadcaster=False)
