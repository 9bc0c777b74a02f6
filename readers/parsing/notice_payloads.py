"""
What a notice says that only notices of its type say: one function for each type.

Each returns a payload of common/event_payloads.py. A parameter that is missing, empty, or not the
number that it should be, becomes None. No I/O, no clock, no exceptions.

Parameters that may be misread:

1. `months` of a gift are the recipient's months in total; `gift-months` are those of the gift.
   `months` of a subscription is always 0.
2. `sender-count` is 0 if the giver hides it, or if the gift is one of several.
3. `origin-id` is no key: in 2020, single gifts of different people had the same one.
   `community-gift-id` is one.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from common import event_payloads as payloads
from readers.parsing.notice import Notice, User

_TIER_OF_PRIME = "1000"


def sub(notice: Notice) -> payloads.Sub:
    """Return what a first subscription says."""
    return payloads.Sub(
        sub_tier=_tier(notice),
        is_prime=_is_prime(notice),
        duration_months=_duration(notice),
        plan_name=notice.text("sub-plan-name"),
    )


def resub(notice: Notice) -> payloads.Resub:
    """Return what a subscription says that continues."""
    months = notice.number("cumulative-months")
    shares_streak = notice.flag("should-share-streak")
    anonymous, gifter = _gifter(
        notice.user(user_id="gifter-id", login="gifter-login", name="gifter-name"),
        is_anonymous=notice.flag("anon-gift"),
    )
    return payloads.Resub(
        # Twitch once sent 0 in the first month.
        cumulative_months=1 if months == 0 else months,
        streak_months=notice.number("streak-months") if shares_streak else None,
        duration_months=_duration(notice),
        sub_tier=_tier(notice),
        is_prime=_is_prime(notice),
        is_gift=notice.flag("was-gifted"),
        gifter_is_anonymous=anonymous,
        gifter_user_id=gifter.id,
        gifter_user_login=gifter.login,
        gifter_user_name=gifter.name,
        plan_name=notice.text("sub-plan-name"),
        gift_months=notice.number("gift-months"),
        gift_month=notice.number("gift-month-being-redeemed"),
    )


def sub_gift(notice: Notice) -> payloads.SubGift:
    """Return what a gift to one user says."""
    recipient = _recipient(notice)
    return payloads.SubGift(
        recipient_user_id=recipient.id,
        recipient_user_login=recipient.login,
        recipient_user_name=recipient.name,
        sub_tier=_tier(notice),
        duration_months=notice.number("gift-months"),
        cumulative_total=_gifts_so_far(notice),
        community_gift_id=notice.text("community-gift-id"),
        plan_name=notice.text("sub-plan-name"),
        recipient_cumulative_months=notice.number("months"),
    )


def community_sub_gift(notice: Notice) -> payloads.CommunitySubGift:
    """Return what is said once about several gifts, besides the notice of each."""
    return payloads.CommunitySubGift(
        id=notice.text("community-gift-id"),
        total=notice.number("mass-gift-count"),
        sub_tier=_tier(notice),
        cumulative_total=_gifts_so_far(notice),
    )


def gift_paid_upgrade(notice: Notice) -> payloads.GiftPaidUpgrade:
    """Return what is said when somebody goes on to pay for what was a gift."""
    anonymous, gifter = _gifter(
        notice.user(login="sender-login", name="sender-name"),
        # Who pays is known; it is the giver who is not.
        is_anonymous=notice.msg_id == "anongiftpaidupgrade",
    )
    return payloads.GiftPaidUpgrade(
        gifter_is_anonymous=anonymous,
        gifter_user_login=gifter.login,
        gifter_user_name=gifter.name,
        promo_name=notice.text("promo-name"),
        promo_gift_total=notice.number("promo-gift-total"),
    )


def prime_paid_upgrade(notice: Notice) -> payloads.PrimePaidUpgrade:
    """Return what is said when somebody goes on to pay for what came with Prime."""
    return payloads.PrimePaidUpgrade(sub_tier=_tier(notice))


def pay_it_forward(notice: Notice) -> payloads.PayItForward:
    """Return what is said when somebody gives because of a gift that they got."""
    anonymous, gifter = _gifter(
        notice.user(
            user_id="prior-gifter-id",
            login="prior-gifter-user-name",
            name="prior-gifter-display-name",
        ),
        is_anonymous=notice.flag("prior-gifter-anonymous"),
    )
    recipient = _recipient(notice)
    return payloads.PayItForward(
        gifter_is_anonymous=anonymous,
        gifter_user_id=gifter.id,
        gifter_user_login=gifter.login,
        gifter_user_name=gifter.name,
        recipient_user_id=recipient.id,
        recipient_user_login=recipient.login,
        recipient_user_name=recipient.name,
    )


def raid(notice: Notice) -> payloads.Raid:
    """Return who arrives, and with how many viewers."""
    raider = notice.user(login="login", name="displayName")
    return payloads.Raid(
        user_id=notice.user_id or None,
        user_login=raider.login,
        user_name=raider.name,
        viewer_count=notice.number("viewerCount"),
        profile_image_url=notice.text("profileImageURL"),
    )


def unraid(_notice: Notice) -> payloads.Unraid:
    """Return what is said when a raid was called off: nothing more."""
    return payloads.Unraid()


def announcement(notice: Notice) -> payloads.Announcement:
    """Return the color of an announcement."""
    color = notice.text("color")
    return payloads.Announcement(color=color.lower() if color else None)


def bits_badge_tier(notice: Notice) -> payloads.BitsBadgeTier:
    """Return the number of bits that a new badge stands for."""
    return payloads.BitsBadgeTier(tier=notice.number("threshold"))


def watch_streak(notice: Notice) -> payloads.WatchStreak | None:
    """Return what a milestone says, None if it is not a watch streak."""
    category = notice.text("category")
    if category != "watch-streak":
        return None
    return payloads.WatchStreak(
        streak_count=notice.number("value"),
        channel_points_awarded=notice.number("copoReward"),
        id=notice.text("id"),
        category=category,
    )


def modiversary(notice: Notice) -> payloads.Modiversary:
    """Return for how long somebody has been a moderator."""
    return payloads.Modiversary(months=notice.number("months"))


def charity_donation(notice: Notice) -> payloads.CharityDonation:
    """Return what was donated, and to whom."""
    amount = payloads.Amount(
        value=notice.number("donation-amount"),
        decimal_place=notice.number("exponent"),
        currency=notice.text("donation-currency"),
    )
    return payloads.CharityDonation(
        charity_name=notice.text("charity-name"),
        amount=None if amount == payloads.Amount() else amount,
    )


def social_sharing_badge(notice: Notice) -> payloads.SocialSharingBadge:
    """Return the level of a badge for sharing the channel."""
    return payloads.SocialSharingBadge(level=notice.number("current-badge-level"))


def goal(notice: Notice) -> payloads.Goal | None:
    """Return the goal that a subscription or a gift contributes to, None if there is none."""
    found = payloads.Goal(
        contribution_type=notice.text("goal-contribution-type"),
        current_contributions=notice.number("goal-current-contributions"),
        target_contributions=notice.number("goal-target-contributions"),
        user_contributions=notice.number("goal-user-contributions"),
        description=notice.text("goal-description"),
    )
    return None if found == payloads.Goal() else found


def _is_prime(notice: Notice) -> bool:
    # Twitch sends `Prime`; its documentation says `prime`.
    return (notice.text("sub-plan") or "").lower() == "prime"


def _tier(notice: Notice) -> str | None:
    return _TIER_OF_PRIME if _is_prime(notice) else notice.text("sub-plan")


def _duration(notice: Notice) -> int | None:
    """Return the months of a subscription to several; 0, as EventSub does, if it is to one."""
    months = notice.number("multimonth-duration")
    return 0 if months == 1 else months


def _gifts_so_far(notice: Notice) -> int | None:
    """Return the giver's gifts in the channel, unless that might tell who is anonymous."""
    return None if notice.is_anonymous else notice.number("sender-count") or None


def _gifter(named: User, *, is_anonymous: bool) -> tuple[bool, User]:
    """Return whether the giver wants to be unknown, and who it is: nobody then, else *named*."""
    is_unknown = is_anonymous or named.is_anonymous_gifter
    return is_unknown, User() if is_unknown else named


def _recipient(notice: Notice) -> User:
    return notice.user(
        user_id="recipient-id", login="recipient-user-name", name="recipient-display-name"
    )


#: The type of the event, and the function that makes its payload, by msg-id.
PAYLOADS: dict[str, tuple[str, Callable[[Notice], msgspec.Struct | None]]] = {
    "sub": ("sub", sub),
    "resub": ("resub", resub),
    "subgift": ("sub_gift", sub_gift),
    "anonsubgift": ("sub_gift", sub_gift),
    "submysterygift": ("community_sub_gift", community_sub_gift),
    "anonsubmysterygift": ("community_sub_gift", community_sub_gift),
    "giftpaidupgrade": ("gift_paid_upgrade", gift_paid_upgrade),
    "anongiftpaidupgrade": ("gift_paid_upgrade", gift_paid_upgrade),
    "primepaidupgrade": ("prime_paid_upgrade", prime_paid_upgrade),
    "communitypayforward": ("pay_it_forward", pay_it_forward),
    "standardpayforward": ("pay_it_forward", pay_it_forward),
    "raid": ("raid", raid),
    "unraid": ("unraid", unraid),
    "announcement": ("announcement", announcement),
    "bitsbadgetier": ("bits_badge_tier", bits_badge_tier),
    "viewermilestone": ("watch_streak", watch_streak),
    "modiversary": ("modiversary", modiversary),
    "charitydonation": ("charity_donation", charity_donation),
    "socialsharingbadge": ("social_sharing_badge", social_sharing_badge),
}
