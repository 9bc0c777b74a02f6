"""Each type of event in words of ours, where Twitch has none."""

from __future__ import annotations

from typing import Any

import pytest

from common import event_payloads as payloads
from common.chat_event import ChatEvent, decode_chat_event
from common.opt_out import OptOut
from publisher.tail.event_sentences import opt_out_sentence, sentence
from publisher.tail.looks import LOOKS
from tests.corpora import expected_events

_TIER_1 = "1000"
_ANONYMOUS: dict[str, Any] = {"username": "", "chatter_is_anonymous": True}


#: It is enough that it happened, or what it is is not known.
_NEED_NO_NAME = {"unraid", "unknown"}


def _event(kind: str, **fields: Any) -> ChatEvent:
    who = {"username": "glassy_zeppelin"}
    return ChatEvent(channel_id="1", channel="alpha", type=kind, timestamp=1, **who | fields)


def _of(payload: Any, **fields: Any) -> ChatEvent:
    """Return an event with *payload*; its type is the name of the payload's class."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(payload).__name__).strip("_")
    kind = {"chat_settings": "chat_settings_update"}.get(name, name)
    return _event(kind, **{kind: payload}, **fields)


_SENTENCES = [
    (_of(payloads.Sub(sub_tier=_TIER_1)), "glassy_zeppelin subscribed at tier 1"),
    (_of(payloads.Sub(sub_tier=_TIER_1, is_prime=True)), "glassy_zeppelin subscribed with Prime"),
    (_event("sub", display_name="Glassy_Zeppelin"), "Glassy_Zeppelin subscribed"),
    (_event("sub", display_name="Glassy"), "Glassy (glassy_zeppelin) subscribed"),
    (
        _of(payloads.Resub(sub_tier="3000", cumulative_months=16)),
        "glassy_zeppelin subscribed again at tier 3, now for 16 months",
    ),
    (
        _of(payloads.SubGift(recipient_user_login="quiet_lantern", sub_tier=_TIER_1)),
        "glassy_zeppelin gave quiet_lantern a subscription at tier 1",
    ),
    (
        _of(payloads.SubGift(recipient_user_name="Quiet", duration_months=6), **_ANONYMOUS),
        "an anonymous user gave Quiet a subscription for 6 months",
    ),
    (
        _of(payloads.CommunitySubGift(total=5, sub_tier=_TIER_1)),
        "glassy_zeppelin gives 5 subscriptions to the community at tier 1",
    ),
    (
        _of(payloads.GiftPaidUpgrade(gifter_user_name="Quiet")),
        "glassy_zeppelin continues the gift subscription from Quiet",
    ),
    (
        _of(payloads.GiftPaidUpgrade(gifter_is_anonymous=True)),
        "glassy_zeppelin continues the gift subscription",
    ),
    (
        _of(payloads.PrimePaidUpgrade(sub_tier=_TIER_1)),
        "glassy_zeppelin goes from Prime to a paid subscription at tier 1",
    ),
    (
        _of(payloads.PayItForward(gifter_user_login="quiet", recipient_user_login="loud")),
        "glassy_zeppelin passes the gift from quiet on to loud",
    ),
    (
        _of(payloads.PayItForward(gifter_is_anonymous=True)),
        "glassy_zeppelin passes the gift on to the community",
    ),
    (
        _of(payloads.Raid(user_name="Quiet", viewer_count=42)),
        "raid: Quiet with 42 viewers",
    ),
    (_of(payloads.Raid(viewer_count=1)), "raid: glassy_zeppelin with 1 viewer"),
    (_of(payloads.Unraid()), "glassy_zeppelin called the raid off"),
    (_of(payloads.Announcement(color="blue")), "glassy_zeppelin announces"),
    (_of(payloads.BitsBadgeTier(tier=10000)), "glassy_zeppelin earned the badge of 10000 bits"),
    (_of(payloads.WatchStreak(streak_count=5)), "glassy_zeppelin watched 5 streams in a row"),
    (_of(payloads.Modiversary(months=12)), "glassy_zeppelin has been a moderator for 12 months"),
    (
        _of(payloads.CharityDonation("Good Cause", payloads.Amount(1050, 2, "EUR"))),
        "glassy_zeppelin donated 10.50 EUR to Good Cause",
    ),
    (
        _of(payloads.CharityDonation(amount=payloads.Amount(500, 0, "JPY"))),
        "glassy_zeppelin donated 500 JPY",
    ),
    (
        _of(payloads.SocialSharingBadge(level=3)),
        "glassy_zeppelin earned the badge for sharing of level 3",
    ),
    (
        _of(payloads.ClearUserMessages("5", "quiet_lantern", 600)),
        "quiet_lantern was timed out for 10 min",
    ),
    (_of(payloads.ClearUserMessages("5", "quiet_lantern")), "quiet_lantern was banned"),
    (_of(payloads.ClearUserMessages()), "someone was banned"),
    (_of(payloads.Clear()), "the chat was cleared"),
    (
        _of(payloads.MessageDelete("id", "quiet_lantern")),
        "a message of quiet_lantern was deleted",
    ),
    (
        _of(payloads.ChatSettings(slow_mode=True, slow_mode_wait_time_seconds=30)),
        "slow mode: one message every 30 s",
    ),
    (_of(payloads.ChatSettings(slow_mode=False)), "slow mode off"),
    (
        _of(payloads.ChatSettings(follower_mode=True, follower_mode_duration_minutes=10)),
        "followers of at least 10 min only",
    ),
    (_of(payloads.ChatSettings(follower_mode=True)), "followers only"),
    (_of(payloads.ChatSettings(follower_mode=False)), "followers-only mode off"),
    (
        _of(payloads.ChatSettings(subscriber_mode=True, emote_mode=False, unique_chat_mode=True)),
        "subscribers only, emotes-only mode off, no repeated messages",
    ),
    (
        _of(payloads.ChatSettings(snapshot=True, slow_mode=False, emote_mode=True)),
        "the room's settings: emotes only",
    ),
    (
        _of(payloads.ChatSettings(snapshot=True, slow_mode=False)),
        "the room's settings: everyone may write",
    ),
    (_event("unknown", msg_id="rewardgift"), "glassy_zeppelin: rewardgift"),
    (_event("of_the_future"), "event of the type of_the_future"),
]


@pytest.mark.parametrize(
    ("event", "said"), _SENTENCES, ids=lambda value: getattr(value, "type", "")
)
def test_each_type_has_a_sentence(event: ChatEvent, said: str) -> None:
    """With what Twitch has sent."""
    assert sentence(event) == said


def test_no_type_is_forgotten() -> None:
    """Each field of an event that is a payload is the name of a type."""
    types = {name for name in ChatEvent.__struct_fields__ if name in LOOKS}
    kinds = {event.type for event, _ in _SENTENCES}
    has_payload = {
        name
        for name, default in zip(
            ChatEvent.__struct_fields__[-len(ChatEvent.__struct_defaults__) :],
            ChatEvent.__struct_defaults__,
            strict=True,
        )
        if default is None and name != "goal"
    }
    assert types == has_payload
    assert has_payload | {"unknown"} == set(LOOKS)
    assert kinds >= set(LOOKS)


@pytest.mark.parametrize("kind", sorted(LOOKS))
def test_a_type_without_anything_else_has_a_sentence(kind: str) -> None:
    """Twitch leaves out whatever it likes."""
    assert sentence(ChatEvent(channel_id="1", channel="alpha", type=kind, timestamp=1))


def test_twitch_has_the_first_word() -> None:
    """On one line. A sentence says so if it is about another channel."""
    said = "5 raiders from Quiet\n have joined! "
    assert sentence(_event("raid", system_message=said)) == "5 raiders from Quiet have joined!"
    elsewhere = _event("raid", system_message=said, source_broadcaster_user_id="5")
    assert sentence(elsewhere).endswith("joined! (in another channel of the shared chat)")


def test_of_recorded_events_each_says_who_it_was() -> None:
    """Twitch's own sentences about some do not."""
    recordings = expected_events().values()
    events = [decode_chat_event(value) for lines in recordings for value in lines.values()]
    named = [event for event in events if event.username and event.type not in _NEED_NO_NAME]
    assert len(named) > 20
    for event in named:
        said = sentence(event).casefold()
        assert (event.display_name or event.username).casefold() in said


def test_an_opt_out_asks_for_something() -> None:
    """By name if it has one, else by id."""
    wish = "opted out: what is stored of them should be erased"
    assert opt_out_sentence(OptOut(username="quiet")) == f"quiet {wish}"
    assert opt_out_sentence(OptOut(user_id="5")) == f"the user 5 {wish}"
