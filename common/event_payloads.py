"""
What a ChatEvent says that only events of its type say: one struct for each type.

Names and values are those of EventSub wherever it has them
(https://dev.twitch.tv/docs/eventsub/eventsub-reference/). None stands for what Twitch did not send;
it is left out of the JSON.
"""

from __future__ import annotations

import msgspec


class _Payload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    pass


class Sub(_Payload, frozen=True):
    sub_tier: str | None = None
    is_prime: bool = False
    duration_months: int | None = None
    plan_name: str | None = None


class Resub(_Payload, frozen=True):
    cumulative_months: int | None = None
    streak_months: int | None = None
    duration_months: int | None = None
    sub_tier: str | None = None
    is_prime: bool = False
    is_gift: bool = False
    gifter_is_anonymous: bool = False
    gifter_user_id: str | None = None
    gifter_user_login: str | None = None
    gifter_user_name: str | None = None
    plan_name: str | None = None
    gift_months: int | None = None
    gift_month: int | None = None


class SubGift(_Payload, frozen=True):
    recipient_user_id: str | None = None
    recipient_user_login: str | None = None
    recipient_user_name: str | None = None
    sub_tier: str | None = None
    duration_months: int | None = None
    cumulative_total: int | None = None
    community_gift_id: str | None = None
    plan_name: str | None = None
    recipient_cumulative_months: int | None = None


class CommunitySubGift(_Payload, frozen=True):
    id: str | None = None
    total: int | None = None
    sub_tier: str | None = None
    cumulative_total: int | None = None


class GiftPaidUpgrade(_Payload, frozen=True):
    gifter_is_anonymous: bool = False
    gifter_user_login: str | None = None
    gifter_user_name: str | None = None
    promo_name: str | None = None
    promo_gift_total: int | None = None


class PrimePaidUpgrade(_Payload, frozen=True):
    sub_tier: str | None = None


class PayItForward(_Payload, frozen=True):
    gifter_is_anonymous: bool = False
    gifter_user_id: str | None = None
    gifter_user_login: str | None = None
    gifter_user_name: str | None = None
    recipient_user_id: str | None = None
    recipient_user_login: str | None = None
    recipient_user_name: str | None = None


class Raid(_Payload, frozen=True):
    user_id: str | None = None
    user_login: str | None = None
    user_name: str | None = None
    viewer_count: int | None = None
    profile_image_url: str | None = None


class Unraid(_Payload, frozen=True):
    pass


class Announcement(_Payload, frozen=True):
    color: str | None = None


class BitsBadgeTier(_Payload, frozen=True):
    tier: int | None = None


class WatchStreak(_Payload, frozen=True):
    streak_count: int | None = None
    channel_points_awarded: int | None = None
    id: str | None = None
    category: str | None = None


class Modiversary(_Payload, frozen=True):
    months: int | None = None


class Amount(_Payload, frozen=True):
    value: int | None = None
    decimal_place: int | None = None
    currency: str | None = None


class CharityDonation(_Payload, frozen=True):
    charity_name: str | None = None
    amount: Amount | None = None


class SocialSharingBadge(_Payload, frozen=True):
    level: int | None = None


class ClearUserMessages(_Payload, frozen=True):
    target_user_id: str | None = None
    target_user_login: str | None = None
    #: Seconds of a timeout; left out for a permanent ban.
    ban_duration: int | None = None


class Clear(_Payload, frozen=True):
    pass


class MessageDelete(_Payload, frozen=True):
    message_id: str | None = None
    target_user_login: str | None = None


class ChatSettings(_Payload, frozen=True):
    """What has changed, or with `snapshot` all that holds when the reader joins the channel."""

    snapshot: bool = False
    emote_mode: bool | None = None
    follower_mode: bool | None = None
    follower_mode_duration_minutes: int | None = None
    slow_mode: bool | None = None
    slow_mode_wait_time_seconds: int | None = None
    subscriber_mode: bool | None = None
    unique_chat_mode: bool | None = None


class Goal(_Payload, frozen=True):
    """The channel's goal that a subscription or a gift contributes to."""

    contribution_type: str | None = None
    current_contributions: int | None = None
    target_contributions: int | None = None
    user_contributions: int | None = None
    description: str | None = None
