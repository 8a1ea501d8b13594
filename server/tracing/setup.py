"""Chooses what becomes of traces: nothing, or spans sent to an OpenTelemetry collector by a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from engine.errors import Unusable
from engine.tracing import NoTracing, Tracing
from server.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

    from server.tracing.spans import Spans

FLUSH_S: Final = 3.0
"""How long the end of the process may wait for the collector to take the last spans."""
HOW: Final = 'pip install "flowdesk[otel]"'

log = logging.getLogger("flowdesk.server")


class Telemetry:
    """What the parts of a process tell their traces to: `tracing` for the engine, `spans` for requests if any."""

    def __init__(self, spans: Spans | None = None, shut: Callable[[], None] | None = None) -> None:
        self.spans = spans
        self._shut = shut

    @property
    def tracing(self) -> Tracing:
        """Who is told of runs and steps."""
        return self.spans if self.spans is not None else NoTracing()

    async def close(self) -> None:
        """Send what is left, for a bounded time."""
        shut, self._shut = self._shut, None
        if shut is None:
            return
        # In a thread nobody waits for: a collector that does not answer must not keep the process.
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def work() -> None:
            try:
                shut()
            finally:
                try:
                    loop.call_soon_threadsafe(done.set)
                except RuntimeError:
                    return  # the loop is gone: it took too long

        threading.Thread(target=work, name="last-spans", daemon=True).start()
        try:
            async with asyncio.timeout(FLUSH_S):
                await done.wait()
        except TimeoutError:
            log.warning("the collector of traces did not take the last spans within %g s", FLUSH_S)


def telemetry(settings: Settings, *, instance: str, version: str) -> Telemetry:
    """What these settings ask for; Unusable when it is not installed. `instance` is the id of this process."""
    if not settings.traces:
        return Telemetry()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise Unusable(
            "traces are asked for (FLOWDESK_OTEL or OTEL_EXPORTER_OTLP_ENDPOINT), and OpenTelemetry is not installed",
            code="otel_missing",
            hint=f"{HOW}; or set FLOWDESK_OTEL=off",
        ) from None
    return sending(OTLPSpanExporter(endpoint=_endpoint(settings)), instance=instance, version=version)


def _endpoint(settings: Settings) -> str | None:
    """Where traces go; None leaves it to the library, which knows the more special variable and the default."""
    if settings.otel_endpoint is None or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return None
    return f"{settings.otel_endpoint.rstrip('/')}/v1/traces"


def sending(exporter: SpanExporter, *, instance: str, version: str) -> Telemetry:
    """Spans that a thread hands to this exporter, some thousands at most waiting for it."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from server.tracing.spans import GivenIds, Spans

    named = {"service.instance.id": instance, "service.version": version}
    found = Resource.create(named)
    if str(found.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        found = found.merge(Resource({SERVICE_NAME: "flowdesk"}))
    ids = GivenIds()
    provider = TracerProvider(resource=found, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Telemetry(Spans(provider, ids), provider.shutdown)
