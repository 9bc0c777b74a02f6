"""The chat server on an event loop of its own, for tests that are not asynchronous themselves."""

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
    Runs a ChatServer in a thread, from `with` to the end of the block.

    The server's coroutines are run by `run`: `chat.run(chat.server.say("channel", "hello"))`.
    """

    def __init__(self, server: ChatServer | None = None) -> None:
        self.server = server or ChatServer()
        #: The loop that the server runs on.
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="chat server")

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self.server.port

    def run(self, coroutine: Coroutine[Any, Any, Result], *, timeout_s: float = 60.0) -> Result:
        """
        Run *coroutine* on the server's loop, and return or raise what it does.

        Raises TimeoutError when it has not ended after *timeout_s* seconds; it is then cancelled.
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
