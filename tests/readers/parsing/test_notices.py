"""
Notices that are easy to misread, from recorded lines to events.

test_recorded_events.py has the whole record of each recorded line.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from common.chat_event import ChatEvent, encode_chat_event
from common.event_payloads import (
    Amount,
    Announcement,
    CharityDonation,
    CommunitySubGift,
    GiftPaidUpgrade,
    Goal,
    PayItForward,
    Resub,
    Sub,
    SubGift,
    WatchStreak,
)
from common.extended_message import Badge, EmoteRange
from readers.parsing.irc import parse_irc
from readers.parsing.notice_parser import notice_event
from readers.parsing.received import ReceivedEvent, ReceivedMessage
from tests.readers.chat_lines import NOW_MS, ROOM_ID, line
from tests.readers.parsing.notice_lines import event_in, received_in, recorded

#: What an event says of whoever did it.
OF_THE_USER = (
    *("user_id", "username", "display_name", "color", "badges", "roles", "source_badges"),
)


def sub_in(raw: bytes) -> Sub:
    """Return the payload of a first subscription."""
    sub = event_in(raw).sub
    assert sub is not None
    return sub


def resub_in(raw: bytes) -> Resub:
    """Return the payload of a subscription that continues."""
    resub = event_in(raw).resub
    assert resub is not None
    return resub


def sub_gift_in(raw: bytes) -> SubGift:
    """Return the payload of a gift to one user."""
    gift = event_in(raw).sub_gift
    assert gift is not None
    return gift


@pytest.mark.parametrize("number", [23, 65, 67, 99])
def test_the_account_for_anonymous_gifts_is_anonymous(number: int) -> None:
    """Also in a notice from another channel of a shared chat."""
    _check_nothing_of_the_user(event_in(recorded(number)))


@pytest.mark.parametrize("number", [37, 66, 77])
def test_an_anonymous_gift_in_the_name_of_the_channel_is_anonymous(number: int) -> None:
    """Whatever else the line says: the color, the badges, and how many gifts that makes."""
    plain = event_in(recorded(number))
    _check_nothing_of_the_user(plain)
    rich = recorded(
        number,
        ("badges=", "badges=broadcaster/1,sub-gifter/50;x="),
        ("color=", "color=#FF4500;x="),
        ("msg-param-sub-plan=", "msg-param-sender-count=37;msg-param-sub-plan="),
        ("room-id=", "source-room-id=1;source-badges=founder/0;room-id="),
    )
    assert event_in(rich) == replace(plain, source_broadcaster_user_id="1")


def _check_nothing_of_the_user(event: ChatEvent) -> None:
    assert event.chatter_is_anonymous
    assert [name for name in OF_THE_USER if getattr(event, name)] == []


def test_an_anonymous_gift_that_is_paid_for_has_a_known_user() -> None:
    """Only the giver is anonymous, also if the line names somebody."""
    names = "msg-param-sender-login=wren;msg-param-sender-name=Wren;room-id="
    for raw in recorded(54), recorded(54, ("room-id=", names)):
        event = event_in(raw)
        assert (event.user_id, event.username) == ("268333586", "beacongoose")
        assert not event.chatter_is_anonymous
        assert event.gift_paid_upgrade == GiftPaidUpgrade(gifter_is_anonymous=True)


def test_a_gift_that_is_paid_for_names_the_giver() -> None:
    """Unless that is the account for anonymous gifts."""
    upgrade = GiftPaidUpgrade(gifter_user_login="cabincaravan25", gifter_user_name="cabincaravan25")
    assert event_in(recorded(55)).gift_paid_upgrade == upgrade
    anonymous = event_in(recorded(55, ("cabincaravan25", "AnAnonymousGifter")))
    assert anonymous.gift_paid_upgrade == GiftPaidUpgrade(gifter_is_anonymous=True)


def test_a_promotion_has_its_name_and_total() -> None:
    """Of the gifts that go on in it."""
    upgrade = event_in(recorded(80)).gift_paid_upgrade
    assert upgrade is not None
    assert (upgrade.promo_name, upgrade.promo_gift_total) == ("Blueberry", 123816)


def test_a_subscription_that_was_a_gift_names_the_giver() -> None:
    """With the months of the gift, and which of them it is."""
    resub = resub_in(recorded(92))
    assert resub.is_gift
    assert (resub.gift_months, resub.gift_month) == (6, 2)
    assert (resub.gifter_user_id, resub.gifter_user_login, resub.gifter_user_name) == (
        "820906258",
        "squidcricketsunlight",
        "Squidcricketsunlight",
    )
    assert not resub.gifter_is_anonymous


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("274598607", "5"), ("AnAnonymousGifter", "Wren"), ("ananonymousgifter", "wren")),
        (("anon-gift=true", "anon-gift=false"),),
    ],
)
def test_a_subscription_from_an_anonymous_giver_does_not_name_them(
    changes: tuple[tuple[str, str], ...],
) -> None:
    """Whether a parameter says that they are, or it is the account for that. The user is known."""
    event = event_in(recorded(93, *changes))
    assert (event.username, event.chatter_is_anonymous) == ("timber", False)
    resub = event.resub
    assert resub is not None
    assert (resub.is_gift, resub.gifter_is_anonymous) == (True, True)
    assert (resub.gifter_user_id, resub.gifter_user_login, resub.gifter_user_name) == (None,) * 3


def test_a_gift_for_a_gift_names_giver_and_recipient() -> None:
    """A gift to the whole channel has no recipient."""
    assert event_in(recorded(31)).pay_it_forward == PayItForward(
        gifter_user_id="344935511",
        gifter_user_login="bowllinen_341",
        gifter_user_name="BowlLinen_341",
        recipient_user_id="724446742",
        recipient_user_login="motorbark",
        recipient_user_name="motorBark",
    )
    assert event_in(recorded(30)).pay_it_forward == PayItForward(
        gifter_user_id="256018988",
        gifter_user_login="rockwalnut",
        gifter_user_name="rockwalnut",
    )


def test_a_gift_for_an_anonymous_gift_does_not_name_the_giver() -> None:
    """Whatever the line says."""
    anonymous = PayItForward(gifter_is_anonymous=True)
    assert event_in(recorded(94)).pay_it_forward == anonymous
    named = recorded(30, ("prior-gifter-anonymous=false", "prior-gifter-anonymous=true"))
    assert event_in(named).pay_it_forward == anonymous


@pytest.mark.parametrize("plan", ["Prime", "prime"])
def test_prime_is_the_lowest_tier(plan: str) -> None:
    """As in EventSub. Twitch sends the first, its documentation has the second."""
    change = ("sub-plan=Prime", f"sub-plan={plan}")
    sub = sub_in(recorded(63, change))
    assert (sub.sub_tier, sub.is_prime) == ("1000", True)
    resub = resub_in(recorded(2, change))
    assert (resub.sub_tier, resub.is_prime) == ("1000", True)


def test_a_paid_subscription_is_not_prime() -> None:
    """Its tier is as sent."""
    assert (sub_in(recorded(1)).sub_tier, sub_in(recorded(1)).is_prime) == ("2000", False)
    upgrade = event_in(recorded(53)).prime_paid_upgrade
    assert upgrade is not None
    assert upgrade.sub_tier == "1000"


def test_the_months_of_a_subscription_are_not_its_months() -> None:
    """`months` is always 0. In old lines, so are the cumulative months of the first month."""
    assert resub_in(recorded(20)).cumulative_months == 9
    first = recorded(20, ("cumulative-months=9", "cumulative-months=0"))
    assert resub_in(first).cumulative_months == 1


def test_the_months_of_a_gift_are_those_of_the_recipient() -> None:
    """What was given are the gift-months."""
    gift = sub_gift_in(recorded(22))
    assert (gift.duration_months, gift.recipient_cumulative_months) == (6, 16)


@pytest.mark.parametrize(("number", "months"), [(50, 0), (52, 0), (19, 6), (20, 6), (10, None)])
def test_a_duration_is_only_that_of_several_months(number: int, months: int | None) -> None:
    """Twitch sends 0 or 1 for a single month, EventSub 0; in old lines there is nothing."""
    event = event_in(recorded(number))
    payload = event.sub or event.resub
    assert payload is not None
    assert payload.duration_months == months


def test_a_streak_is_only_said_if_the_user_shares_it() -> None:
    """Also if the line has it."""
    assert resub_in(recorded(2)).streak_months == 3
    assert resub_in(recorded(3)).streak_months is None
    hidden = recorded(2, ("should-share-streak=1", "should-share-streak=0"))
    assert resub_in(hidden).streak_months is None


def test_a_sender_count_of_0_says_nothing() -> None:
    """It is hidden, or the gift is one of several."""
    assert sub_gift_in(recorded(91)).cumulative_total == 11
    assert sub_gift_in(recorded(24)).cumulative_total is None
    hidden = recorded(83, ("sender-count=37", "sender-count=0"))
    assert event_in(hidden).community_sub_gift == CommunitySubGift(total=5, sub_tier="1000")


def test_an_origin_id_is_no_key() -> None:
    """Single gifts of different people have the same one."""
    assert sub_gift_in(recorded(13)).community_gift_id is None
    assert sub_gift_in(recorded(39)).community_gift_id is None
    assert sub_gift_in(recorded(24)).community_gift_id == "8917750454099442625"


def test_several_gifts_keep_their_order() -> None:
    """One of them comes before the notice that says how many there are. All have its id."""
    received = [event for number in (96, 97, 98) for event in received_in(recorded(number))]
    events = [one.event for one in received if isinstance(one, ReceivedEvent)]
    assert [event.type for event in events] == ["sub_gift", "community_sub_gift", "sub_gift"]
    first, said, second = events
    assert first.sub_gift is not None
    assert said.community_sub_gift is not None
    assert second.sub_gift is not None
    assert said.community_sub_gift.total == 2
    gift_ids = (first.sub_gift.community_gift_id, second.sub_gift.community_gift_id)
    assert gift_ids == (said.community_sub_gift.id,) * 2


def test_a_system_message_is_as_sent() -> None:
    """With its line ends, and the spaces at its end. A backslash may be escaped, too."""
    assert event_in(recorded(40)).system_message == (
        "538 raiders from HazelBookcase have joined\n!"
    )
    assert event_in(recorded(37)).system_message == (
        "An anonymous user gifted a Tier 1 sub to PrimroseCampfire! "
    )
    twice = recorded(41, (r"The\sraid\shas", r"The\\sraid\shas"))
    assert event_in(twice).system_message == r"The\sraid has been cancelled."


def test_the_name_of_a_plan_is_free_text() -> None:
    """It may have spaces at its end, too."""
    assert resub_in(recorded(26)).plan_name == "Barn the InchRam guitar! "


def test_what_the_user_typed_is_not_the_system_message() -> None:
    """It may stand without a colon."""
    event = event_in(recorded(45))
    assert event.message == "<3"
    assert event.emote_ranges == (EmoteRange("432177283", "<3", 0, 2),)
    assert event_in(recorded(44)).message == ""


def test_emotes_of_a_me_text_are_where_they_are_in_the_text() -> None:
    """Their positions in the line count from the word ACTION."""
    event = event_in(recorded(74))
    assert event.message == "Kappa ACRE ACRE Kappa :)"
    assert event.emotes == ("Kappa", "Kappa", ":)")
    assert event.emote_ranges == (
        EmoteRange("25", "Kappa", 0, 5),
        EmoteRange("25", "Kappa", 16, 21),
        EmoteRange("499", ":)", 22, 24),
    )


def test_an_emote_that_twitch_counted_too_far_right_is_found() -> None:
    """As in messages: what AutoMod flagged shifts the positions after it."""
    flagged = recorded(36, ("emotes=28087:0-6", "emotes=25:14-18"), ("flags=", "flags=0-6:S.6"))
    event = event_in(flagged.replace(b"WutFace", "übeltat sagt Kappa".encode()))
    assert event.emote_ranges == (EmoteRange("25", "Kappa", 13, 18),)


def test_a_goal_is_told() -> None:
    """Of the gifts of an anonymous user, too."""
    assert event_in(recorded(23)).goal == Goal("NEW_SUB_POINTS", 2, 25, 1, "wet dew wind :-)")
    assert event_in(recorded(57)).goal == Goal("SUB_POINTS", 4239, 4400, 55, "new moose soup!")
    assert event_in(recorded(24)).goal is None


@pytest.mark.parametrize(
    ("number", "color"),
    [(49, "primary"), (90, "blue"), (100, "green"), (28, "primary"), (48, None)],
)
def test_an_announcement_is_a_message_and_an_event(number: int, color: str | None) -> None:
    """Both have the id of the line. Its color is in lower case, as EventSub has it."""
    message, event = received_in(recorded(number))
    assert isinstance(message, ReceivedMessage)
    assert isinstance(event, ReceivedEvent)
    assert event.id == message.id != ""
    assert event.event.announcement == Announcement(color)
    assert event.event.message == message.message.message


def test_an_announcement_without_a_text_is_an_event_only() -> None:
    """Twitch sends none, but a message it would not be."""
    assert event_in(recorded(49, (" :acre", ""))).type == "announcement"


def test_a_notice_from_another_channel_has_the_type_that_it_has_there() -> None:
    """And says which channel that is. The badges are those of the user in either channel."""
    event = event_in(recorded(46))
    assert (event.type, event.channel_id) == ("resub", "24203054")
    assert event.source_broadcaster_user_id == "51936711"
    assert event.source_message_id == "b9c88eb4-c972-4d81-a55e-31698e953219"
    assert event.source_badges == (Badge("subscriber", "12", "16"),)


def test_a_notice_of_the_own_channel_has_no_source() -> None:
    """Although the line does, during a shared chat."""
    event = event_in(recorded(47))
    assert (event.source_broadcaster_user_id, event.source_message_id) == ("", "")
    assert event.source_badges == ()


def test_a_notice_only_for_the_own_channel_says_so() -> None:
    """Viewers of the other channels do not see it."""
    (_, received) = received_in(recorded(100))
    assert isinstance(received, ReceivedEvent)
    assert received.event.is_source_only
    assert received.event.source_broadcaster_user_id == ""


def test_a_donation_has_its_amount_in_the_smallest_unit() -> None:
    """As EventSub says it."""
    donation = event_in(recorded(34)).charity_donation
    assert donation == CharityDonation("Cherry Rosemary", Amount(1000, 2, "USD"))
    unsaid = recorded(34, ("donation-amount=1000", "a="), ("exponent=2", "b="), ("=USD", "="))
    assert event_in(unsaid).charity_donation == CharityDonation("Cherry Rosemary")


def test_a_raid_has_its_image_as_sent() -> None:
    """Newer ones leave the size to whoever shows it."""
    for number, end in (56, "-70x70.png"), (27, "-%s.png"):
        raid = event_in(recorded(number)).raid
        assert raid is not None
        assert str(raid.profile_image_url).endswith(end)


def test_a_milestone_of_another_category_is_unknown() -> None:
    """Its parameters are all there."""
    milestone = event_in(recorded(58)).watch_streak
    assert milestone == WatchStreak(3, 350, "b1e26bf5-355b-434c-9539-91461cb21d4c", "watch-streak")
    event = event_in(recorded(95))
    assert (event.type, event.msg_id) == ("unknown", "viewermilestone")
    assert event.params == {
        "value": "100",
        "id": "d4c3b2a1-9f8e-4e7d-8c6b-5a4f3e2d1c0b",
        "category": "streams-watched",
    }


@pytest.mark.parametrize(
    ("number", "msg_id", "params"),
    [
        (6, "ritual", {"ritual-name": "new_chatter"}),
        (
            32,
            "extendsub",
            {"cumulative-months": "8", "sub-benefit-end-month": "4", "sub-plan": "1000"},
        ),
        (
            33,
            "primecommunitygiftreceived",
            {
                "gift-name": "Tulip of Shelf: Bowl Pasture",
                "middle-man": "tigeracre",
                "recipient": "h7tideblaze",
                "sender": "Maplebathrobeglass",
            },
        ),
        (
            70,
            "rewardgift",
            {
                "domain": "pride_megacommerce_2020",
                "selected-count": "100",
                "total-reward-count": "100",
                "trigger-amount": "20",
                "trigger-type": "SUBGIFT",
            },
        ),
    ],
)
def test_what_is_not_known_has_all_its_parameters(
    number: int, msg_id: str, params: dict[str, str]
) -> None:
    """Unescaped. Nothing is lost."""
    event = event_in(recorded(number))
    assert (event.type, event.msg_id, event.params) == ("unknown", msg_id, params)


@pytest.mark.parametrize("source", ["giftedsummary", ""])
def test_a_type_of_another_channel_may_be_unknown(source: str) -> None:
    """Then the event names it, or, if the line does not, that there was one."""
    event = event_in(recorded(27, ("source-msg-id=raid", f"source-msg-id={source}")))
    assert (event.type, event.msg_id) == ("unknown", source or "sharedchatnotice")
    assert event.params["viewerCount"] == "2"


@pytest.mark.parametrize(
    "months", ["", "-1", "1.5", "nine", "\u0669", "\u00b2", " 9", "9" * 19, "9" * 5000]
)
def test_a_number_that_is_none_is_left_out(months: str) -> None:
    """The other fields stay."""
    raw = recorded(20, ("cumulative-months=9", "cumulative-months=" + months.replace(" ", r"\s")))
    resub = resub_in(raw)
    assert (resub.cumulative_months, resub.sub_tier) == (None, "3000")


def test_a_number_may_be_large() -> None:
    """But not larger than what consumers can read."""
    for months in "9" * 18, "0" * 17 + "9":
        raw = recorded(20, ("cumulative-months=9", f"cumulative-months={months}"))
        assert resub_in(raw).cumulative_months == int(months)


def test_logins_are_lower_case_and_names_as_sent() -> None:
    """Wherever they are. So is the channel."""
    upper = recorded(55, ("sender-login=cabin", "sender-login=Cabin"), ("login=pump", "login=Pump"))
    event = event_in(upper.replace(b"#castle", b"#Castle"))
    assert event.channel == "castle"
    assert event.username == "pumpkin_magpie_pi_button"
    assert event.gift_paid_upgrade is not None
    assert event.gift_paid_upgrade.gifter_user_login == "cabincaravan25"


def test_whoever_has_no_id_is_no_broadcaster() -> None:
    """Although a channel whose id is not known has none either."""
    irc = parse_irc(b"@msg-id=ritual;login=wren :tmi.twitch.tv USERNOTICE #birdwatch")
    assert irc is not None
    received = notice_event(irc, "", NOW_MS)
    assert received is not None
    assert (received.event.username, received.event.roles) == ("wren", ())


def test_a_notice_without_a_room_or_time_has_those_of_the_reader() -> None:
    """Which room it joined, and when the line arrived."""
    event = event_in(b"@msg-id=unraid;id=1 :tmi.twitch.tv USERNOTICE #birdwatch")
    assert (event.channel_id, event.timestamp) == (ROOM_ID, NOW_MS)
    assert (
        encode_chat_event(event)
        == (
            f'{{"channel_id":"{ROOM_ID}","channel":"birdwatch","type":"unraid","event_id":"1",'
            f'"timestamp":{NOW_MS},"unraid":{{}}}}'
        ).encode()
    )


@pytest.mark.parametrize(
    "raw",
    [
        recorded(88),
        recorded(89),
        b"@msg-id=raid :tmi.twitch.tv USERNOTICE birdwatch",
        b"@msg-id=raid :tmi.twitch.tv USERNOTICE",
        b"@msg-id=sharedchatnotice :tmi.twitch.tv USERNOTICE :",
        line("hi", {"msg-id": "raid"}),
    ],
)
def test_what_is_no_notice_of_a_channel_is_no_event(raw: bytes) -> None:
    """Nor is one that does not say what happened."""
    irc = parse_irc(raw)
    assert irc is not None
    assert notice_event(irc, ROOM_ID, NOW_MS) is None


def test_a_notice_without_an_id_is_identified_by_its_content() -> None:
    """In whatever order its tags are sent, and whenever it arrives."""
    raw = _without_id()
    tags, rest = raw.removeprefix(b"@").split(b" ", 1)
    turned = b"@" + b";".join(reversed(tags.split(b";"))) + b" " + rest
    other = raw.replace(b"recipient-id=19477697", b"recipient-id=19477698")
    assert _id_of(raw) == _id_of(turned) == _id_of(raw, NOW_MS + 1)
    assert _id_of(raw).startswith("usernotice:")
    assert _id_of(raw) != _id_of(other)
    # Without a time, two equal lines may be two events.
    assert _id_of(raw.replace(b"tmi-sent-ts=", b"x=")) == ""


def _without_id() -> bytes:
    tags = recorded(24).split(b";")
    return b";".join(tag for tag in tags if not tag.startswith(b"id="))


def _id_of(raw: bytes, now_ms: int = NOW_MS) -> str:
    (received,) = received_in(raw, now_ms)
    assert isinstance(received, ReceivedEvent)
    assert received.event.event_id == ""
    return received.id
