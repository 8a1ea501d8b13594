"""The address at which a worker process tells Prometheus how it is; it has no API, and knows no accounts."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from server.deadlines import Runner
from server.keys import METRICS, SETTINGS
from server.metrics.access import lets_in
from server.metrics.gauges import Metrics
from server.problems import Unauthenticated
from server.routes.metrics import show
from server.settings import Settings

log = logging.getLogger("flowdesk.worker")


@asynccontextmanager
async def listening(settings: Settings, metrics: Metrics) -> AsyncIterator[int | None]:
    """Serve `/metrics` at the port of this worker process, if one was asked for; the port.

    A port that cannot be had costs the figures and nothing else.
    """
    if settings.worker_metrics_port is None:
        yield None
        return
    app = web.Application()
    app[SETTINGS], app[METRICS] = settings, metrics
    app.router.add_get("/metrics", _show)
    runner = Runner(app, settings)
    await runner.setup()
    port = settings.worker_metrics_port + number_of(multiprocessing.current_process().name)
    try:
        try:
            await web.TCPSite(runner, settings.host, port).start()
        except (OSError, OverflowError) as error:
            log.error("no metrics: cannot listen on %s, port %d: %s", settings.host, port, error)
            yield None
        else:
            log.info("metrics are at port %d", port)
            yield port
    finally:
        await runner.cleanup()


def number_of(process: str) -> int:
    """Which of its manager's processes this is: taskiq calls them worker-0, worker-1 and so on."""
    number = process.removeprefix("worker-")
    return int(number) if number.isdigit() and number != process else 0


async def _show(request: web.Request) -> web.StreamResponse:
    if not lets_in(request.app[SETTINGS], request):
        raise Unauthenticated("this needs the token of the metrics", hint="FLOWDESK_METRICS_TOKEN is what to send")
    return await show(request)
