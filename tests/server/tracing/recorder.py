"""A server whose spans are kept in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

import server.compose
from server.tracing.setup import Telemetry
from server.tracing.spans import GivenIds, Spans
from tests.server.live import Live, live


@dataclass
class Recorder:
    """What was told."""

    exporter: InMemorySpanExporter
    telemetry: Telemetry

    @property
    def spans(self) -> list[ReadableSpan]:
        """All spans, in the order of their ends."""
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of this name."""
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of this name."""
        (found,) = self.named(name)
        return found


def recorder(sampler: Sampler | None = None) -> Recorder:
    """Keeps spans at once, without a thread."""
    ids, exporter = GivenIds(), InMemorySpanExporter()
    provider = TracerProvider(sampler, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Recorder(exporter, Telemetry(Spans(provider, ids), provider.shutdown))


@asynccontextmanager
async def traced(
    directory: Path, patch: pytest.MonkeyPatch, sampler: Sampler | None = None, **settings: Any
) -> AsyncIterator[tuple[Live, Recorder]]:
    """A server and what it tells."""
    kept = recorder(sampler)
    patch.setattr(server.compose, "telemetry", lambda *args, **named: kept.telemetry)
    async with live(directory, **settings) as running:
        yield running, kept


def place(span: ReadableSpan) -> tuple[str, str, str | None]:
    """Trace, span and parent, in hexadecimal digits."""
    assert span.context is not None
    parent = None if span.parent is None else f"{span.parent.span_id:016x}"
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}", parent
