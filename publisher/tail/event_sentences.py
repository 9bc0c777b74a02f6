"""Says in a sentence what has happened, for each type of event."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from common import event_payloads as payloads
from common.chat_event import UNKNOWN, ChatEvent
from common.opt_out import OptOut
from publisher.tail.chatter_names import chatter_name
from publisher.tail.durations import duration
from publisher.tail.room_settings import room_settings

_SOMEBODY = "someone"
#: Twitch's sentences about these do not say who it was.
_WITHOUT_NAME = {"bits_badge_tier", "modiversary", "social_sharing_badge"}


def sentence(event: ChatEvent) -> str:
    """Return Twitch's sentence about *event* if it has a good one, else ours; maybe hostile."""
    theirs = "" if event.type in _WITHOUT_NAME else event.system_message
    said = " ".join(theirs.split()) or _own_sentence(event)
    is_elsewhere = bool(event.source_broadcaster_user_id)
    return f"{said} (in another channel of the shared chat)" if is_elsewhere else said


def opt_out_sentence(record: OptOut) -> str:
    """Return what *record* asks for."""
    who = record.username or f"the user {record.user_id}"
    return f"{who} opted out: what is stored of them should be erased"


def _own_sentence(event: ChatEvent) -> str:
    make = _SENTENCES.get(event.type)
    return make(event) if make else f"event of the type {event.type}"


def _who(event: ChatEvent) -> str:
    name = chatter_name(event.display_name, event.username)
    return name or ("an anonymous user" if event.chatter_is_anonymous else _SOMEBODY)


def _plan(tier: str | None, *, is_prime: bool = False) -> str:
    """Return the part of a sentence that says what somebody has subscribed to."""
    if is_prime:
        return " with Prime"
    return f" at tier {tier.removesuffix('000')}" if tier else ""


def _months(number: int | None, before: str) -> str:
    """Return *before* and the number of months; nothing if Twitch sent none."""
    return f"{before}{number} {'month' if number == 1 else 'months'}" if number else ""


def _sub(event: ChatEvent) -> str:
    sub = event.sub or payloads.Sub()
    return f"{_who(event)} subscribed{_plan(sub.sub_tier, is_prime=sub.is_prime)}"


def _resub(event: ChatEvent) -> str:
    resub = event.resub or payloads.Resub()
    plan = _plan(resub.sub_tier, is_prime=resub.is_prime)
    return f"{_who(event)} subscribed again{plan}{_months(resub.cumulative_months, ', now for ')}"


def _sub_gift(event: ChatEvent) -> str:
    gift = event.sub_gift or payloads.SubGift()
    to = gift.recipient_user_name or gift.recipient_user_login or _SOMEBODY
    length = _months(gift.duration_months, " for ") if gift.duration_months != 1 else ""
    return f"{_who(event)} gave {to} a subscription{_plan(gift.sub_tier)}{length}"


def _community_sub_gift(event: ChatEvent) -> str:
    gift = event.community_sub_gift or payloads.CommunitySubGift()
    number = gift.total if gift.total is not None else "some"
    noun = "subscription" if gift.total == 1 else "subscriptions"
    return f"{_who(event)} gives {number} {noun} to the community{_plan(gift.sub_tier)}"


def _gift_paid_upgrade(event: ChatEvent) -> str:
    gift = event.gift_paid_upgrade or payloads.GiftPaidUpgrade()
    name = gift.gifter_user_name or gift.gifter_user_login
    giver = f" from {name}" if name and not gift.gifter_is_anonymous else ""
    return f"{_who(event)} continues the gift subscription{giver}"


def _prime_paid_upgrade(event: ChatEvent) -> str:
    upgrade = event.prime_paid_upgrade or payloads.PrimePaidUpgrade()
    return f"{_who(event)} goes from Prime to a paid subscription{_plan(upgrade.sub_tier)}"


def _pay_it_forward(event: ChatEvent) -> str:
    paid = event.pay_it_forward or payloads.PayItForward()
    giver = paid.gifter_user_name or paid.gifter_user_login
    to = paid.recipient_user_name or paid.recipient_user_login or "the community"
    received = f" from {giver}" if giver and not paid.gifter_is_anonymous else ""
    return f"{_who(event)} passes the gift{received} on to {to}"


def _raid(event: ChatEvent) -> str:
    raid = event.raid or payloads.Raid()
    who = raid.user_name or raid.user_login or _who(event)
    number = raid.viewer_count
    if number is None:
        return f"raid: {who}"
    return f"raid: {who} with {number} {'viewer' if number == 1 else 'viewers'}"


def _bits_badge_tier(event: ChatEvent) -> str:
    tier = (event.bits_badge_tier or payloads.BitsBadgeTier()).tier
    return f"{_who(event)} earned {f'the badge of {tier} bits' if tier else 'a badge for bits'}"


def _watch_streak(event: ChatEvent) -> str:
    count = (event.watch_streak or payloads.WatchStreak()).streak_count
    return f"{_who(event)} watched {f'{count} streams' if count else 'several streams'} in a row"


def _modiversary(event: ChatEvent) -> str:
    months = (event.modiversary or payloads.Modiversary()).months
    return f"{_who(event)} has been a moderator{_months(months, ' for ')}"


def _charity_donation(event: ChatEvent) -> str:
    donation = event.charity_donation or payloads.CharityDonation()
    what = _amount(donation.amount or payloads.Amount())
    to = f" to {donation.charity_name}" if donation.charity_name else ""
    return f"{_who(event)} donated{what}{to}"


def _amount(amount: payloads.Amount) -> str:
    if amount.value is None:
        return ""
    places = min(max(amount.decimal_place or 0, 0), 20)
    units = Decimal(amount.value).scaleb(-places)
    return f" {units:f} {amount.currency or ''}".rstrip()


def _social_sharing_badge(event: ChatEvent) -> str:
    level = (event.social_sharing_badge or payloads.SocialSharingBadge()).level
    return f"{_who(event)} earned the badge for sharing{f' of level {level}' if level else ''}"


def _clear_user_messages(event: ChatEvent) -> str:
    cleared = event.clear_user_messages or payloads.ClearUserMessages()
    target = cleared.target_user_login or cleared.target_user_id or _SOMEBODY
    if cleared.ban_duration is None:
        return f"{target} was banned"
    return f"{target} was timed out for {duration(cleared.ban_duration)}"


def _message_delete(event: ChatEvent) -> str:
    target = (event.message_delete or payloads.MessageDelete()).target_user_login
    return f"a message of {target or _SOMEBODY} was deleted"


_SENTENCES: dict[str, Callable[[ChatEvent], str]] = {
    "sub": _sub,
    "resub": _resub,
    "sub_gift": _sub_gift,
    "community_sub_gift": _community_sub_gift,
    "gift_paid_upgrade": _gift_paid_upgrade,
    "prime_paid_upgrade": _prime_paid_upgrade,
    "pay_it_forward": _pay_it_forward,
    "raid": _raid,
    "unraid": lambda event: f"{_who(event)} called the raid off",
    "announcement": lambda event: f"{_who(event)} announces",
    "bits_badge_tier": _bits_badge_tier,
    "watch_streak": _watch_streak,
    "modiversary": _modiversary,
    "charity_donation": _charity_donation,
    "social_sharing_badge": _social_sharing_badge,
    "clear_user_messages": _clear_user_messages,
    "clear": lambda _: "the chat was cleared",
    "message_delete": _message_delete,
    "chat_settings_update": lambda event: room_settings(
        event.chat_settings_update or payloads.ChatSettings()
    ),
    UNKNOWN: lambda event: f"{_who(event)}: {event.msg_id or 'an event that is not known'}",
}
