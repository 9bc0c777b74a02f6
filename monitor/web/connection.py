"""
One connection, with limits: nobody keeps one without using it, or makes the process keep much.

uvicorn has no limit for the time in which a request has to come, nor for the time in which a client
has to take the response.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

#: Seconds in which a request has to be complete, from the connection or from its first byte.
REQUEST_WITHIN_S = 10.0

#: Seconds in which a client has to take what waits for it.
TAKE_WITHIN_S = 20.0

#: Connections beyond these are closed at once.
MOST_CONNECTIONS = 256


class LimitedConnection(H11Protocol):
    """uvicorn's connection, which ends if the client is too slow."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._request_timer: asyncio.TimerHandle | None = None
        self._take_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._await_request()

    def data_received(self, data: bytes) -> None:
        """Take *data*, a part of a request or several."""
        super().data_received(data)
        if self._answers():
            self._stop_timers(take=False)
        elif self._request_timer is None:
            self._await_request()

    def pause_writing(self) -> None:
        """Wait until the client has taken what was sent."""
        super().pause_writing()
        self._take_timer = self.loop.call_later(TAKE_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has taken it."""
        self._stop_timers(request=False)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timers()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End after the response, or at once if the client does not take it."""
        if self._take_timer is None:
            super().shutdown()
        else:
            self.transport.abort()

    def _answers(self) -> bool:
        """Return whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _await_request(self) -> None:
        self._request_timer = self.loop.call_later(REQUEST_WITHIN_S, self.transport.abort)

    def _stop_timers(self, *, request: bool = True, take: bool = True) -> None:
        if request and self._request_timer:
            self._request_timer.cancel()
            self._request_timer = None
        if take and self._take_timer:
            self._take_timer.cancel()
            self._take_timer = None
