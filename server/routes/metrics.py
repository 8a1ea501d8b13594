"""Figures for Prometheus."""

from __future__ import annotations

from aiohttp import hdrs, web

from server.keys import METRICS, SETTINGS
from server.metrics.access import lets_in
from server.metrics.exposition import CONTENT_TYPE
from server.routing import Media, Route


async def show(request: web.Request) -> web.StreamResponse:
    """What this process has counted, and how it is now."""
    text = await request.app[METRICS].text()
    headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=text.encode(), headers=headers)


def _open(request: web.Request) -> bool:
    return lets_in(request.app[SETTINGS], request)


routes = [
    Route(
        "GET",
        "/metrics",
        show,
        admin=True,
        opened=_open,
        early=True,
        summary="Tell Prometheus how this server is",
        description="Counters, gauges and histograms in Prometheus' text format; no label holds anything a user wrote. "
        "For an administrator's token, or for that of `FLOWDESK_METRICS_TOKEN`; with `FLOWDESK_METRICS=loopback` also "
        "for whoever asks on the same machine.",
        response=Media("text/plain"),
        tags=("health",),
    ),
]
