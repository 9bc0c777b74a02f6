"""The routes of the server, and what each responds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from monitor.collection.health import live, ready
from monitor.collection.host import Host
from monitor.metrics.text import metrics_text
from monitor.web.live import Live
from monitor.web.messages_route import MessagesRoute
from monitor.web.observation import Observation
from monitor.web.page import page
from monitor.web.static_files import static_files

#: Pages that may be open at the same time; a page takes about 20 KiB and what it does not fetch.
MOST_PAGES = 32

#: Prometheus's text format.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class App:
    """The routes, for what *observation*, *live_page* and *messages* know."""

    def __init__(
        self,
        observation: Observation,
        live_page: Live,
        messages: MessagesRoute,
        *,
        per_channel: bool,
    ) -> None:
        self._messages = messages
        self._observation = observation
        self._live = live_page
        self._per_channel = per_channel
        self._files = static_files()

    def routes(self) -> Starlette:
        """Return the application."""
        app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/status.json", self._status),
                Route("/events", _Events(self._live)),
                Route("/metrics", self._metrics),
                Route("/livez", partial(self._health, live)),
                Route("/readyz", partial(self._health, ready)),
                Route("/healthz", partial(self._health, live)),
                Route("/channels/{channel}/messages", self._messages.respond),
                Route("/static/{name}", self._static),
            ]
        )
        # The address of a redirection would be made from the request's `Host`.
        app.router.redirect_slashes = False
        return app

    async def _page(self, _: Request) -> Response:
        hosts = await self._live.hosts()
        return HTMLResponse(await self._observation.in_thread(partial(page, hosts)))

    async def _status(self, _: Request) -> Response:
        return _json(await self._observation.snapshot())

    async def _metrics(self, _: Request) -> Response:
        host = await self._observation.host()
        text = partial(metrics_text, host, per_channel=self._per_channel)
        return Response(await self._observation.in_thread(text), media_type=_METRICS_TYPE)

    async def _health(self, checks: Callable[[Host], Mapping[str, str]], _: Request) -> Response:
        results = checks(await self._observation.host())
        is_well = all(result == "ok" for result in results.values())
        return _json(results, 200 if is_well else 503)

    async def _static(self, request: Request) -> Response:
        if (found := self._files.get(request.path_params["name"])) is None:
            raise HTTPException(404)
        path, media_type = found
        return Response(path.read_bytes(), media_type=media_type)


class _Events:
    """The events of the live page (ASGI)."""

    def __init__(self, live_page: Live) -> None:
        self._live = live_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response
        if self._live.pages >= MOST_PAGES:
            text = f"{MOST_PAGES} pages are open already.\n"
            response = PlainTextResponse(text, 503, {"Retry-After": "10"})
        elif scope["method"] == "HEAD":
            response = Response(media_type="text/event-stream")
        else:
            with self._live.page():
                response = StreamingResponse(self._live.events(), media_type="text/event-stream")
                await response(scope, receive, send)
            return
        await response(scope, receive, send)


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
