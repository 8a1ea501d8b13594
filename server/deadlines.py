"""A server for aiohttp applications that does not wait for slow clients, and answers every error alike.

aiohttp closes idle connections, but a request whose head arrives byte by byte holds one until then. Here a head that
has begun must be complete in time, and a client that stops taking its answer is left. The deadline of bodies is in
`server.requests.read_body`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from server.crowd import FULL, Crowd, crowd_of
from server.keys import METRICS, PROXIES, TELEMETRY
from server.logs import new_request_id, request_id, set_request_id
from server.metrics.meters import Requests
from server.problems import problem_response
from server.routing import Handler
from server.settings import Settings
from server.shell import HEADER, Shell

if TYPE_CHECKING:
    from server.tracing.spans import Spans

log = logging.getLogger("flowdesk.http")

LINGER_S = 2.0
"""How long the rest of a refused body is read and thrown away, so that the client sees the answer."""


class Connection(RequestHandler):
    """One client's connection."""

    __slots__ = ("_crowd", "_head_timer", "_place", "_requests", "_settings", "_stall_timer")

    def __init__(
        self, manager: HttpServer, *, settings: Settings, requests: Requests | None, crowd: Crowd, **options: Any
    ) -> None:
        super().__init__(manager, **options)
        self._settings = settings
        self._requests = requests
        self._crowd = crowd
        self._place: str | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the client in, or turn it away before anything is set up for it."""
        peer = transport.get_extra_info("peername")
        self._place = self._crowd.enter(str(peer[0]) if isinstance(peer, tuple) else "")
        if self._place is not None:
            super().connection_made(transport)
            return
        if self._requests is not None:
            self._requests.stray(503)
        door = cast("asyncio.WriteTransport", transport)
        door.write(FULL)
        door.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and watch the time while it holds an unfinished head."""
        if self._place is None:
            return
        before = self._request_count
        super().data_received(data)
        if self._head_timer is not None:
            if self._request_count != before:
                self._head_timer.cancel()
                self._head_timer = None
        elif data and self._request_count == before and not self._messages and not self._request_in_progress:
            self._head_timer = self._loop.call_later(self._settings.header_timeout_s, self._too_slow)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadlines with the connection, and make room."""
        if self._place is None:
            return
        self._crowd.leave(self._place)
        for timer in (self._head_timer, self._stall_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._stall_timer = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be sent than is kept for one client: it must go on reading in time."""
        super().pause_writing()
        if self.transport is not None:
            self._watch_reader(self.transport, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client goes on reading."""
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        super().resume_writing()

    def _watch_reader(self, transport: asyncio.Transport, waiting: int) -> None:
        self._stall_timer = self._loop.call_later(
            self._settings.body_timeout_s, self._still_reading, transport, waiting
        )

    def _still_reading(self, transport: asyncio.Transport, before: int) -> None:
        waiting = transport.get_write_buffer_size()
        if waiting < before:
            self._watch_reader(transport, waiting)
        else:
            log.info("closed a connection whose client does not read its answer")
            transport.abort()

    def _too_slow(self) -> None:
        log.info("closed a connection that was too slow to send a request")
        self.force_close()

    def log_exception(self, *args: Any, **more: Any) -> None:
        """Row 53: a body that cannot be decoded was answered with 400; what is left of it is no fault of ours."""
        if isinstance(more.get("exc_info"), web.RequestPayloadError):
            log.info("closed a connection whose request had a body that cannot be read")
        else:
            super().log_exception(*args, **more)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is not a request at all, as a problem document; always closes the connection."""
        if isinstance(exc, ConnectionError) or request.writer.output_size > 0:
            raise ConnectionError("there is nobody to answer, or the answer has begun") from exc
        set_request_id(new_request_id())
        detail = " ".join((message or "the request is not valid HTTP").split())
        log.info("refused a malformed request", extra={"fields": {"status": status, "reason": detail[:200]}})
        if self._requests is not None:
            self._requests.stray(status)
        response = problem_response(status, "bad_request" if status == 400 else "internal", detail[:500])
        response.headers[HEADER] = request_id()
        response.headers["Server"] = "FlowDesk"
        response.force_close()
        return response


class HttpServer(web.Server):
    """Makes a `Connection` for each client."""

    def __init__(self, inner: web.Server, shell: Shell, settings: Settings, spans: Spans | None = None) -> None:
        super().__init__(_with_spans(shell, spans), request_factory=inner.request_factory)  # type: ignore[arg-type]
        self._options: dict[str, Any] = {
            "keepalive_timeout": settings.idle_timeout_s,
            "lingering_time": LINGER_S,
            "access_log": None,
            "settings": settings,
            "requests": shell.requests,
            "crowd": crowd_of(settings),
        }

    def __call__(self) -> Connection:
        """The protocol of one new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)


def _with_spans(shell: Shell, spans: Spans | None) -> Handler:
    if spans is None:
        return shell
    from server.tracing.requests import traced  # its library is not for everybody

    return traced(shell, spans)


class Runner(web.AppRunner):
    """Runs the application behind a `Shell`, on connections with deadlines."""

    def __init__(self, app: web.Application, settings: Settings, *, shutdown_timeout_s: float = 2.0) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=shutdown_timeout_s)
        self._settings = settings

    async def _make_server(self) -> web.Server:
        inner = await super()._make_server()
        metrics = self.app.get(METRICS)
        requests = None if metrics is None else metrics.meters.requests
        shell = Shell(inner.request_handler, requests, self.app.get(PROXIES))
        telemetry = self.app.get(TELEMETRY)
        return HttpServer(inner, shell, self._settings, None if telemetry is None else telemetry.spans)
