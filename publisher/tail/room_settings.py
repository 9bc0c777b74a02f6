"""Says in words how a chat room is set."""

from __future__ import annotations

from collections.abc import Iterator

from common.event_payloads import ChatSettings
from publisher.tail.durations import duration


def room_settings(changed: ChatSettings) -> str:
    """Return what has *changed*; of a snapshot, what holds."""
    said = list(_said(changed))
    if changed.snapshot:
        holds = [text for is_on, text in said if is_on]
        return f"the room's settings: {', '.join(holds) or 'everyone may write'}"
    return ", ".join(text for _, text in said) or "the room's settings changed"


def _said(changed: ChatSettings) -> Iterator[tuple[bool, str]]:
    """Yield each setting: whether it is on, and the text for it."""
    yield from _slow(changed)
    yield from _followers(changed)
    for value, on, off in (
        (changed.subscriber_mode, "subscribers only", "subscribers-only mode off"),
        (changed.emote_mode, "emotes only", "emotes-only mode off"),
        (changed.unique_chat_mode, "no repeated messages", "repeated messages allowed"),
    ):
        if value is not None:
            yield value, on if value else off


def _slow(changed: ChatSettings) -> Iterator[tuple[bool, str]]:
    wait_s = changed.slow_mode_wait_time_seconds
    if changed.slow_mode is False:
        yield False, "slow mode off"
    elif wait_s is not None:
        yield True, f"slow mode: one message every {duration(wait_s)}"
    elif changed.slow_mode:
        yield True, "slow mode"


def _followers(changed: ChatSettings) -> Iterator[tuple[bool, str]]:
    minutes = changed.follower_mode_duration_minutes
    if changed.follower_mode is False:
        yield False, "followers-only mode off"
    elif minutes:
        yield True, f"followers of at least {duration(minutes * 60)} only"
    elif changed.follower_mode or minutes == 0:
        yield True, "followers only"
