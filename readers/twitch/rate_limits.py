"""
Twitch's limits on logins and joins, kept by all readers of a host together.

20 logins and 20 joins in 10 s an account; of verified bots, 2,000 joins and 200 logins
(https://dev.twitch.tv/docs/chat/irc/#rate-limits). What exceeds them is ignored without a word, and
Twitch's clock is not ours: a tenth less, in a fifth more time, keeps clear of the edge.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from readers.twitch.shared_rate import SharedRate

#: Logins and joins that Twitch allows every account in 10 s.
USUAL_RATE = 20

_PERIOD_S = 12.0
_SHARE = 0.9

#: Waits shorter than this are not worth a log line.
_WORTH_TELLING_S = 1.0

logger = logging.getLogger(__name__)


class RateLimits:
    """Waits until a login, or a join, is allowed."""

    def __init__(self, directory: Path, join_rate: int) -> None:
        """*join_rate* is how many joins Twitch allows the account in 10 s."""
        login_rate = max(USUAL_RATE, join_rate // 10)
        self._logins = SharedRate(directory / "logins.json", _kept(login_rate), _PERIOD_S)
        self._joins = SharedRate(directory / "joins.json", _kept(join_rate), _PERIOD_S)

    async def wait_for_login(self) -> None:
        """Return when this reader may log in."""
        await _wait(self._logins, "log in")

    async def wait_for_join(self) -> None:
        """Return when this reader may join its channel."""
        await _wait(self._joins, "join")


def _kept(rate: int) -> int:
    """Return how many we do in a period, where Twitch allows *rate* in 10 s."""
    return max(1, int(rate * _SHARE))


async def _wait(rate: SharedRate, purpose: str) -> None:
    try:
        delay_s = rate.take()
    except OSError as error:
        logger.error("cannot keep to Twitch's limits, and do not wait to %s: %s", purpose, error)
        return
    if delay_s > _WORTH_TELLING_S:
        logger.info(
            "waiting %.0f s to %s, as Twitch limits how often that is done", delay_s, purpose
        )
    await asyncio.sleep(delay_s)
