"""What the moderators of the simulator's channels do, each with the line that Twitch sends then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from common.unix_time import unix_ms
from simulator import chat_lines
from simulator.chat_session import ChatSession
from simulator.chat_state import ChatState
from simulator.logins import made_up_id

#: Sends lines, given with CRLFs, to a channel; returns the number of receivers.
SendLines = Callable[[str, bytes], Awaitable[int]]

_TIMEOUT_S = 600


class Moderator:
    """
    Moderates all channels of one chat server. Each method returns the number of receivers.

    A user id that is not given is the made-up one of the login.
    """

    def __init__(self, state: ChatState[ChatSession], send_lines: SendLines) -> None:
        self._state = state
        self._send_lines = send_lines

    async def ban(self, channel: str, login: str, *, user_id: str | None = None) -> int:
        """Ban *login* from *channel*. Its clients are removed from there, and cannot join again."""
        receivers = await self._clear_chat(channel, (login, user_id or made_up_id(login)))
        self._state.banned[channel].add(login)
        for member in list(self._state.members[channel]):
            if member.name == login:
                await member.part(channel)
        return receivers

    async def time_out(
        self, channel: str, login: str, *, seconds: int = _TIMEOUT_S, user_id: str | None = None
    ) -> int:
        """Remove what *login* has said in *channel*. Its clients stay there, as on Twitch."""
        return await self._clear_chat(channel, (login, user_id or made_up_id(login)), seconds)

    async def clear(self, channel: str) -> int:
        """Remove everything that was said in *channel*."""
        return await self._clear_chat(channel, None)

    async def delete(self, channel: str, message_id: str, *, login: str, text: str) -> int:
        """Remove one message from *channel*: the *text* that *login* has said."""
        line = chat_lines.clear_message(
            channel, text, login=login, message_id=message_id, sent_ms=unix_ms()
        )
        return await self._send_lines(channel, line)

    async def change_settings(self, channel: str, settings: Mapping[str, str]) -> int:
        """
        Change the *settings* of *channel*, given by their tags: `{"slow": "30"}`.

        Its members are told what is new. Who joins later is told all settings.
        """
        self._state.room_settings[channel].update(settings)
        line = chat_lines.room_state(channel, self._state.room_id(channel), settings)
        return await self._send_lines(channel, line)

    async def _clear_chat(
        self, channel: str, target: tuple[str, str] | None, seconds: int | None = None
    ) -> int:
        line = chat_lines.clear_chat(
            channel,
            room_id=self._state.room_id(channel),
            sent_ms=unix_ms(),
            target=target,
            seconds=seconds,
        )
        return await self._send_lines(channel, line)
