"""The symbol and the color of each kind of event."""

from __future__ import annotations

from typing import NamedTuple

from common.chat_event import UNKNOWN
from publisher.tail.colors import CYAN, DIM, GREEN, MAGENTA, RED, YELLOW


class Look(NamedTuple):
    """A symbol, which takes one column, and an SGR code."""

    symbol: str
    code: str


_SUBSCRIPTION = Look("★", MAGENTA)
_GIFT = Look("♥", GREEN)
_RAID = Look("»", CYAN)
_MILESTONE = Look("✦", YELLOW)
_MODERATION = Look("✗", RED)

OTHER = Look("◆", DIM)
GAP = Look("…", YELLOW)
DEAD_LETTER = Look("†", RED)
OPT_OUT = Look("∅", YELLOW)

#: Each type of event, and what it looks like; any other is OTHER.
LOOKS = {
    "sub": _SUBSCRIPTION,
    "resub": _SUBSCRIPTION,
    "prime_paid_upgrade": _SUBSCRIPTION,
    "gift_paid_upgrade": _SUBSCRIPTION,
    "sub_gift": _GIFT,
    "community_sub_gift": _GIFT,
    "pay_it_forward": _GIFT,
    "charity_donation": _GIFT,
    "raid": _RAID,
    "unraid": _RAID,
    "announcement": Look("!", CYAN),
    "bits_badge_tier": _MILESTONE,
    "watch_streak": _MILESTONE,
    "modiversary": _MILESTONE,
    "social_sharing_badge": _MILESTONE,
    "clear_user_messages": _MODERATION,
    "clear": _MODERATION,
    "message_delete": _MODERATION,
    "chat_settings_update": Look("≡", CYAN),
    UNKNOWN: OTHER,
}
