"""
Read the settings of a chat from a ROOMSTATE, and say them in EventSub's words. No I/O, no clock.

A ROOMSTATE after a JOIN has all settings, later ones only what was changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from common.event_payloads import ChatSettings

# `slow` is in seconds. `followers-only` is -1 for off, else for how many minutes one must have
# followed; 0 is on without a minimum.
_VALUES = {
    "emote-only": re.compile("[01]"),
    "followers-only": re.compile("-1|[0-9]{1,9}"),
    "r9k": re.compile("[01]"),
    "slow": re.compile("[0-9]{1,9}"),
    "subs-only": re.compile("[01]"),
}


def room_state(tags: Mapping[str, str]) -> dict[str, int]:
    """Return the settings in the *tags* of a ROOMSTATE, as Twitch names them, if they are valid."""
    return {
        name: int(tags[name])
        for name, valid in _VALUES.items()
        if valid.fullmatch(tags.get(name, ""))
    }


def chat_settings(state: Mapping[str, int], *, snapshot: bool) -> ChatSettings:
    """
    Return the payload that says *state*, which may have only some of the settings.

    A mode that is off has no duration.
    """
    followers, slow = state.get("followers-only"), state.get("slow")
    return ChatSettings(
        snapshot=snapshot,
        emote_mode=_is_on(state.get("emote-only")),
        follower_mode=None if followers is None else followers >= 0,
        follower_mode_duration_minutes=None if followers == -1 else followers,
        slow_mode=_is_on(slow),
        slow_mode_wait_time_seconds=slow or None,
        subscriber_mode=_is_on(state.get("subs-only")),
        unique_chat_mode=_is_on(state.get("r9k")),
    )


def _is_on(value: int | None) -> bool | None:
    return None if value is None else value > 0
