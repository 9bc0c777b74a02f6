"""
Read a chatter's badges, and what the chatter is in the channel.

1. `badges` is `set/id,set/id`, `badge-info` `set/info,set/info`: the months of a subscription, for
   example. An info may hold `/`, so an item is split at its first one.
2. A comma inside an info is sent as `⸝` (U+2E1D), because a comma ends an item. It is kept as sent.
3. A chatter of a shared chat has the badges and roles of the channel that the line was sent to.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from common.extended_message import Badge
from readers.parsing.irc import unescape_tag

#: The tags whose values `standing` takes.
STANDING_TAGS = ("badge-info", "badges", "mod", "subscriber", "vip", "turbo", "user-type")

# Many chatters have the same badges, and who writes, writes again. A thousand readers may have full
# caches: docs/benchmarks.md says how large one is.
_CACHED = 128

# Nobody has as many. A line may name tens of thousands, and the cache would keep them.
_MOST_BADGES = 100

# Each role with the badges that show it, and the tag and its value that do. In order of rank.
_ROLES: tuple[tuple[str, frozenset[str], tuple[str, str]], ...] = (
    ("broadcaster", frozenset({"broadcaster"}), ("", "")),
    ("staff", frozenset({"staff"}), ("user-type", "staff")),
    ("admin", frozenset({"admin"}), ("user-type", "admin")),
    ("global_mod", frozenset({"global_mod"}), ("user-type", "global_mod")),
    ("lead_moderator", frozenset({"lead_moderator"}), ("", "")),
    ("moderator", frozenset({"moderator", "lead_moderator"}), ("mod", "1")),
    ("vip", frozenset({"vip"}), ("vip", "1")),
    ("subscriber", frozenset({"subscriber", "founder"}), ("subscriber", "1")),
    ("founder", frozenset({"founder"}), ("", "")),
    ("turbo", frozenset({"turbo"}), ("turbo", "1")),
    ("bot", frozenset({"bot-badge"}), ("", "")),
)


def badges(sent: str, badge_info: str) -> tuple[Badge, ...]:
    """
    Return the badges in the values of the tags `badges` and `badge-info`, in the order of *sent*.

    An item without a name is left out, and what follows 100 badges. Never raises, whatever the tags
    hold.
    """
    if not sent:
        return ()
    infos = dict(_items(badge_info))
    # `pop`: nobody has two badges of a set. If a line said so, and the info were repeated for each,
    # the line could become a record of gigabytes.
    return tuple(
        Badge(set_id, badge_id, infos.pop(set_id, ""))
        for set_id, badge_id in _items(sent)[:_MOST_BADGES]
    )


def roles(tags: Mapping[str, str], *, is_broadcaster: bool) -> tuple[str, ...]:
    """
    Return what the chatter is in the channel, in order of rank, from the tags as sent.

    *is_broadcaster* is whether the chatter's user id is the channel's id. docs/records.md lists the
    values. Never raises, whatever the tags hold.
    """
    sets = {set_id for set_id, _ in _items(tags.get("badges", ""))}
    found = tuple(
        role for role, shown_by, (tag, value) in _ROLES if sets & shown_by or tags.get(tag) == value
    )
    return with_broadcaster(found) if is_broadcaster else found


@lru_cache(_CACHED)
def standing(*values: str) -> tuple[tuple[Badge, ...], tuple[str, ...]]:
    """
    Return `badges` and `roles` for the values of STANDING_TAGS, or of the first of them; "" stands
    for a missing tag.

    The roles are without that of a broadcaster who hides the badge. Recent results are kept.
    """
    tags = dict(zip(STANDING_TAGS, values, strict=False))
    return badges(tags["badges"], tags["badge-info"]), roles(tags, is_broadcaster=False)


def with_broadcaster(found: tuple[str, ...]) -> tuple[str, ...]:
    """Return *found* and, in its place, the role of a broadcaster, who may hide the badge."""
    return found if "broadcaster" in found else ("broadcaster", *found)


def _items(tag: str) -> list[tuple[str, str]]:
    items = [item.partition("/") for item in unescape_tag(tag).split(",")]
    return [(name, value) for name, _, value in items if name]
