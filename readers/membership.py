"""
Stay in one channel: join it, and rejoin it whenever the connection ends, indefinitely.

Twitch may request a new connection (RECONNECT). The old connection stays until the new one has
joined the channel, and some seconds longer: messages from before the join may still be on their
way, and come on the old one only. RecordBuilder drops the duplicates.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from common.backoff import Backoff
from common.settings import Settings
from common.status.reader_status import ReaderState
from readers.parsing.line_parser import LineParser
from readers.presence import ChannelPresence
from readers.room_settings import RoomSettings
from readers.status_keeper import StatusKeeper
from readers.twitch.chat_host import ChatHost
from readers.twitch.client import OnChat, TwitchClient
from readers.twitch.credentials import Credentials, advised, check_nick
from readers.twitch.errors import JoinRefusedError, LoginRefusedError, TwitchError
from readers.twitch.rate_limits import RateLimits
from readers.twitch.timing import Timing

logger = logging.getLogger(__name__)


class Membership:
    """Keeps a reader in one channel."""

    def __init__(
        self,
        channel: str,
        settings: Settings,
        credentials: Callable[[], Credentials],
        on_chat: OnChat,
        presence: ChannelPresence,
        *,
        parser: Callable[[], LineParser],
        room_settings: RoomSettings,
        status: StatusKeeper,
        timing: Timing | None = None,
    ) -> None:
        """
        *credentials* is called for every connection: the token may have been renewed. *parser* is
        called at each read: somebody may have opted out.
        """
        self._channel = channel
        self._credentials = credentials
        self._parser = parser
        self._on_chat = on_chat
        self._presence = presence
        self._room_settings = room_settings
        self._status = status
        self._limits = RateLimits(settings.state_dir / "limits", settings.twitch_join_rate)
        self._current: TwitchClient | None = None
        self._timing = timing or Timing()
        self._host = ChatHost(
            settings.twitch_irc_host,
            settings.twitch_irc_port,
            self._timing,
            tls=settings.twitch_irc_tls,
        )
        self._reconnect = Backoff(self._timing.reconnect_first_s, self._timing.reconnect_last_s)
        self._rejoin = Backoff(self._timing.rejoin_first_s, self._timing.rejoin_last_s)
        self._last_refusal = ""
        self._refused_logins = 0

    async def stay(self) -> None:
        """Stay in the channel until cancelled, then leave it. Raises the errors of *on_chat*."""
        try:
            while True:
                successor = await self._enter()
                previous, self._current = self._current, successor
                self._presence.on_entered(successor.room_id)
                self._status.on_entered()
                # If it was lost before it became the current client, _on_lost ignored that.
                self._on_lost(successor)
                entered_at = asyncio.get_running_loop().time()
                if previous:
                    await self._replace(previous, successor)
                await self._until_finished(successor, entered_at)
        finally:
            if self._current:
                await self._current.leave()
            self._presence.on_stopped()
            self._status.on_state(ReaderState.STOPPED)

    def _on_received(self, client: TwitchClient) -> None:
        if client is self._current:
            self._presence.on_received(client.received_ms)
            self._room_settings.catch_up(client.received_ms)
        self._status.on_received(client.received_ms)

    def _on_lost(self, client: TwitchClient) -> None:
        if client is self._current and client.lost:
            self._presence.on_left(client.received_ms, client.lost)
            self._status.on_state(ReaderState.PAUSING, client.reason)

    def _note(self, state: ReaderState, problem: str | None = None) -> None:
        """Note what is done to come into the channel, unless the reader is still there."""
        if self._current is None or self._current.lost:
            self._status.on_state(state, problem)

    async def _enter(self) -> TwitchClient:
        """Return a client that has joined the channel, after as many attempts as it takes."""
        problem: TwitchError
        while True:
            try:
                client = await self._attempt()
            except JoinRefusedError as refusal:
                problem, delay_s = refusal, self._rejoin.next_delay_s()
                self._log_refusal(refusal, delay_s)
            except LoginRefusedError as refusal:
                problem, delay_s = refusal, self._reconnect.next_delay_s()
                self._refused_logins += 1
                if self._refused_logins > 1:
                    self._log_refusal(refusal, delay_s)
                else:
                    # The token may just have been renewed: the next attempt uses the new one.
                    logger.info("%s; next attempt in %.1f s", refusal, delay_s)
            except TwitchError as error:
                problem, delay_s = error, self._reconnect.next_delay_s()
                logger.warning(
                    "cannot connect to %s:%d: %s; next attempt in %.1f s",
                    self._host.name,
                    self._host.port,
                    error,
                    delay_s,
                )
            else:
                self._last_refusal = ""
                self._refused_logins = 0
                logger.info("in the channel (id %s), as %s", client.room_id, client.nickname)
                return client
            self._note(ReaderState.PAUSING, str(problem))
            await asyncio.sleep(delay_s)

    async def _attempt(self) -> TwitchClient:
        self._note(ReaderState.WAITING_FOR_TURN)
        await self._limits.wait_for_login()
        self._note(ReaderState.CONNECTING)
        credentials = self._credentials()
        client = TwitchClient(
            self._channel,
            credentials,
            self._parser,
            self._on_chat,
            self._timing,
            on_received=self._on_received,
            on_malformed=self._status.on_malformed,
            on_lost=self._on_lost,
            on_room_state=self._room_settings.new_connection(),
        )
        host = self._host
        logger.debug("connecting to %s:%d as %s", host.name, host.port, credentials.nick)
        try:
            with advised(credentials):
                await client.log_in(host)
            self._status.on_connected()
            check_nick(credentials, client.nickname)
            self._note(ReaderState.WAITING_FOR_TURN)
            await self._limits.wait_for_join()
            self._note(ReaderState.CONNECTING)
            await client.enter()
        except BaseException:
            await client.leave()
            raise
        return client

    async def _replace(self, previous: TwitchClient, successor: TwitchClient) -> None:
        try:
            if not previous.lost:
                async with asyncio.timeout(self._timing.overlap_s):
                    await successor.finished.wait()
        except TimeoutError:
            pass  # the usual case
        finally:
            await previous.leave()
        if previous.failure:
            raise previous.failure

    async def _until_finished(self, client: TwitchClient, entered_at: float) -> None:
        await client.finished.wait()
        if client.failure:
            raise client.failure
        inside_s = asyncio.get_running_loop().time() - entered_at
        if inside_s >= self._timing.settled_after_s:
            self._reconnect.reset()
            self._rejoin.reset()
            delay_s = random.uniform(0, self._timing.reconnect_soon_s)  # noqa: S311 - no secret
        else:
            delay_s = self._reconnect.next_delay_s()
        logger.warning("%s; reconnecting in %.1f s", client.reason, delay_s)
        await asyncio.sleep(delay_s)

    def _log_refusal(self, refusal: TwitchError, delay_s: float) -> None:
        """Log a refusal as an error, and its repetitions at INFO."""
        level = logging.INFO if str(refusal) == self._last_refusal else logging.ERROR
        self._last_refusal = str(refusal)
        logger.log(level, "%s; next attempt in %.0f s", refusal, delay_s)
