"""Serves the live page, the metrics and the health checks until it is asked to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import Server

from common.setting_values import is_loopback_host
from common.settings import Settings
from common.supervisor_watch import call_when_supervisor_has_gone
from monitor.collection.observer import Observer
from monitor.collection.own_address import address_file
from monitor.web.app import App
from monitor.web.connection import LimitedConnection
from monitor.web.guard import REQUEST_BYTES, Guard
from monitor.web.headers import HEADERS
from monitor.web.listening import address_of, listen, tell_address
from monitor.web.live import Live
from monitor.web.messages_route import MessagesRoute
from monitor.web.observation import Observation
from monitor.web.peers import Peers

logger = logging.getLogger(__name__)

#: Requests and connections beyond these are refused with 503.
_MOST_AT_ONCE = 128

#: Seconds that a connection may be open without a request. Prometheus asks every 15 s.
_IDLE_S = 30

#: Seconds for responses that have begun, once it is asked to stop.
_FINISH_S = 1

#: Seconds until what failed unexpectedly begins again.
AGAIN_AFTER_S = 10.0

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(settings: Settings, observer: Observer) -> None:
    """
    Serve what *observer* sees at MONITOR_BIND until SIGTERM, SIGINT, or the end of supervisord.

    Raises BindError.
    """
    with listen(settings.monitor_bind) as listener:
        asyncio.run(_serve(settings, observer, listener))


async def _serve(settings: Settings, observer: Observer, listener: socket.socket) -> None:
    observation = Observation(observer)
    peers = Peers(settings.monitor_peers, settings.monitor_token)
    live = Live(observation, peers)
    messages = MessagesRoute(settings.state_dir, live, peers)
    app = App(observation, live, messages, per_channel=settings.metrics_per_channel)
    guard = Guard(
        # Level 1 makes a tenth of it in half the time of level 9. Events are left as they are.
        GZipMiddleware(app.routes(), compresslevel=1),
        token=settings.monitor_token,
        is_loopback=is_loopback_host(settings.monitor_bind.host),
    )
    server = _Server(guard, live)
    # Before the line that others wait for, and then ask it to stop.
    _stop_on_request(server)
    address = address_of(listener)
    tell_address(address_file(settings.state_dir), address)
    logger.info("serving the live page, metrics and health at http://%s/", address)
    try:
        await _run(server, listener, [_going_on(observation.run), _going_on(live.run)])
    finally:
        peers.close()
        observation.close()


def _stop_on_request(server: _Server) -> None:
    """Stop *server* on the first signal, or when supervisord ends. A second one is not handled."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        server.stop()

    def on_supervisor_gone() -> None:
        logger.warning("supervisord has ended: stopping, because the next one starts a monitor")
        server.stop()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal)
    call_when_supervisor_has_gone(on_supervisor_gone)


async def _run(
    server: _Server, listener: socket.socket, others: Iterable[Coroutine[None, None, None]]
) -> None:
    """Serve, with *others* beside it, until the server stops."""
    beside = [asyncio.create_task(other) for other in others]
    await server.serve([listener])
    for task in beside:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _going_on(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Do *work*, and begin it again after an unexpected error: others still use the rest."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("unexpected error; going on in %.0f s", AGAIN_AFTER_S)
        await asyncio.sleep(AGAIN_AFTER_S)


class _Server(Server):
    """uvicorn's server, which sleeps until it is asked to stop, and then ends open pages."""

    def __init__(self, app: ASGIApp, live: Live) -> None:
        super().__init__(
            Config(
                app,
                http=LimitedConnection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                headers=HEADERS,
                limit_concurrency=_MOST_AT_ONCE,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_FINISH_S,
                # Applies to what has not come completely; the guard looks at the rest.
                h11_max_incomplete_event_size=REQUEST_BYTES,
            )
        )
        # Its warnings are about clients, who could fill the log.
        if not logger.isEnabledFor(logging.DEBUG):
            logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._live = live
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Stop, after the responses that have begun."""
        self._stop.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals as they are: uvicorn would end the process by the one that stopped it."""
        yield

    async def main_loop(self) -> None:
        """Return when it is asked to stop, without waking up before."""
        # Once is enough: it prepares the headers that all responses have.
        await self.on_tick(0)
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the responses that would not end by themselves, then all."""
        self._live.close()
        await super().shutdown(sockets)
