"""
Twitch's limits on logins and joins, shared by all readers of a host.

Twitch allows an account 20 logins and 20 joins in 10 s, and a verified bot 200 logins and 2,000
joins (https://dev.twitch.tv/docs/chat/irc/#rate-limits). It silently ignores what exceeds them, and
its clock differs from ours. So we do a tenth less, in a fifth more time.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future
from pathlib import Path
from threading import Thread

from common.logs import BoundedLog
from readers.twitch.shared_rate import SharedRate

#: Logins and joins that Twitch allows every account in 10 s.
USUAL_RATE = 20

_PERIOD_S = 12.0
_SHARE = 0.9

#: Shorter waits are not logged.
_LOGGED_FROM_S = 1.0

#: Seconds between two lines about limits that cannot be shared.
_LOG_PROBLEM_EVERY_S = 600.0

#: Seconds after which the reader that reserves a time must be suspended. Usually it takes less than
#: 1 ms, but a thousand readers can connect at the same time.
_RESERVED_WITHIN_S = 60.0

logger = logging.getLogger(__name__)


class RateLimits:
    """Waits until a login or a join is allowed."""

    def __init__(self, directory: Path, join_rate: int) -> None:
        """*join_rate* is how many joins Twitch allows the account in 10 s."""
        login_rate = max(USUAL_RATE, join_rate // 10)
        self._logins = SharedRate(directory / "logins.json", _reduced(login_rate), _PERIOD_S)
        self._joins = SharedRate(directory / "joins.json", _reduced(join_rate), _PERIOD_S)
        self._log_problem = BoundedLog(logger.error, interval_s=_LOG_PROBLEM_EVERY_S)

    async def wait_for_login(self) -> None:
        """Wait until this reader may log in."""
        await self._wait(self._logins, "log in")

    async def wait_for_join(self) -> None:
        """Wait until this reader may join its channel."""
        await self._wait(self._joins, "join")

    async def _wait(self, rate: SharedRate, purpose: str) -> None:
        try:
            delay_s = await _reserved(rate)
        except OSError as error:
            self._log_problem(
                "cannot keep to Twitch's limits, will %s without waiting: %s", purpose, error
            )
            return
        if delay_s > _LOGGED_FROM_S:
            logger.info("waiting %.0f s to %s, because of Twitch's rate limit", delay_s, purpose)
        await asyncio.sleep(delay_s)


async def _reserved(rate: SharedRate) -> float:
    """Return what `rate.take` returns. Does not block the loop while other readers reserve."""
    try:
        return rate.take(wait=False)
    except TimeoutError:
        pass
    # Readers queue for the lock. If they tried again and again, a thousand of them would need 15 s.
    reserved: Future[float] = Future()
    Thread(target=_reserve, args=(rate, reserved), daemon=True).start()
    async with asyncio.timeout(_RESERVED_WITHIN_S):
        return await asyncio.wrap_future(reserved)


def _reserve(rate: SharedRate, reserved: Future[float]) -> None:
    # Otherwise, no result may be set once the caller has stopped waiting.
    reserved.set_running_or_notify_cancel()
    try:
        reserved.set_result(rate.take(wait=True))
    except OSError as error:
        reserved.set_exception(error)


def _reduced(rate: int) -> int:
    """Return how many we do in _PERIOD_S, if Twitch allows *rate* in 10 s."""
    return max(1, int(rate * _SHARE))
