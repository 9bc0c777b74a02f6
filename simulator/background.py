"""The chat server on an event loop in a thread, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from simulator.chat_server import ChatServer

Result = TypeVar("Result")

_STOP_TIMEOUT_S = 10.0


class BackgroundChatServer:
    """
    Runs a ChatServer in a thread during a `with` block.

    Use `run` for the server's coroutines: `chat.run(chat.server.say("channel", "hello"))`.
    """

    def __init__(self, server: ChatServer | None = None) -> None:
        self.server = server or ChatServer()
        #: The server's event loop.
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="chat server")

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self.server.port

    def run(self, coroutine: Coroutine[Any, Any, Result], *, timeout_s: float = 60.0) -> Result:
        """
        Run *coroutine* on the server's event loop; return its result or raise its error.

        If it has not ended after *timeout_s* seconds, cancels it and raises TimeoutError.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout_s)
        finally:
            future.cancel()

    def __enter__(self) -> BackgroundChatServer:
        self._thread.start()
        try:
            self.run(self.server.start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.run(self.server.close())
        finally:
            self._stop()

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_STOP_TIMEOUT_S)
        self.loop.close()
