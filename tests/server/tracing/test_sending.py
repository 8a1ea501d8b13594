"""Spans on their way to a collector: real OTLP over HTTP, from processes that die, and to one that never answers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from engine.errors import Unusable
from engine.stores.memory import MemoryStore
from engine.tracing import NoTracing, attempt_span, span_id
from server.compose import compose_worker
from server.environment import load_settings
from server.settings import Settings
from server.tracing import setup
from server.tracing.setup import sending, telemetry
from tests.server.live import action, eventually, webhook
from tests.server.process import running, stop
from tests.server.wire import served

TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Told:
    """One span as the collector got it."""

    name: str
    trace: str
    id: str
    parent: str
    resource: dict[str, str]
    attributes: dict[str, object]


@dataclass
class Sink:
    """A collector, and a service that keeps its first caller waiting."""

    spans: list[Told] = field(default_factory=list)
    heard: list[str | None] = field(default_factory=list)
    credentials: set[str | None] = field(default_factory=set)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def collect(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/traces."""
        self.credentials.add(request.headers.get("x-key"))
        given = ExportTraceServiceRequest.FromString(await request.read())
        for group in given.resource_spans:
            resource = {one.key: one.value.string_value for one in group.resource.attributes}
            for span in (span for scope in group.scope_spans for span in scope.spans):
                found = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
                ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                self.spans.append(Told(span.name, *ids, resource, found))
        return web.Response(content_type="application/x-protobuf")

    async def hold(self, request: web.Request) -> web.StreamResponse:
        """Answer at the second time."""
        self.heard.append(request.headers.get("traceparent"))
        self.called.set()
        if len(self.heard) == 1:
            await self.over.wait()
        return web.json_response({})


@asynccontextmanager
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    """The collector and its address."""
    kept = Sink()
    app = web.Application()
    app.router.add_post("/v1/traces", kept.collect)
    app.router.add_get("/hold", kept.hold)
    async with served(app, Settings(data_dir=Path("/nonexistent"))) as port:
        yield kept, f"http://127.0.0.1:{port}"


async def test_a_run_that_outlives_its_process_stays_in_its_trace(tmp_path: Path) -> None:
    """R3, row 1: the process that goes on tells the rest, under the same ids, and nothing is told twice."""
    data = tmp_path / "data"
    async with sink() as (kept, url):
        more = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url + "/",
            "OTEL_EXPORTER_OTLP_HEADERS": "x-key=open",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
            "FLOWDESK_EGRESS_ALLOW": "127.0.0.1",
        }
        async with running(data, **more) as first:
            steps = [
                webhook("first"),
                action("first", "core.sleep", "second", params={"duration": 1}),
                action("second", "http.request", params={"url": f"{url}/hold"}),
            ]
            token = first.state["token"]
            status, saved = await ask("POST", f"{first.url}/api/workflows", {"name": "w", "steps": steps}, token)
            assert status == 201, saved
            headers = {"traceparent": f"00-{TRACE}-{ABOVE}-01"}
            status, run = await ask("POST", f"{first.url}/api/hooks/{saved['id']}", {}, headers=headers)
            assert status == 202
            async with asyncio.timeout(20):
                await kept.called.wait()
            await eventually(lambda: _holds(kept, "POST /api/hooks/{workflowId}", "core.sleep"))
            first.process.kill()
            await first.ended()
            kept.over.set()
        async with running(data, **more) as second:
            await eventually(lambda: _over(second.url, second.state["token"], run["runId"]))
            stop(second.process)  # what has not been sent by now is sent on the way out
            ended = await second.ended()
            assert ended.code == 0, ended.err
    run_id = run["runId"]
    ours = [span for span in kept.spans if span.trace == TRACE]
    by_name = {span.name: span for span in ours}
    assert sorted(span.name for span in ours) == [
        "POST /api/hooks/{workflowId}",
        "core.sleep",
        "http.request",
        "run",
    ]
    assert by_name["run"].id == span_id(run_id)
    assert by_name["run"].parent == by_name["POST /api/hooks/{workflowId}"].id
    assert {by_name[name].parent for name in ("core.sleep", "http.request")} == {span_id(run_id)}
    attempt = int(str(by_name["http.request"].attributes["flowdesk.step.attempt"]))
    assert kept.heard == [f"00-{TRACE}-{attempt_span(run_id, 'second', n)}-01" for n in (attempt - 1, attempt)]
    processes = {name: by_name[name].resource["service.instance.id"] for name in by_name}
    assert processes["core.sleep"] != processes["http.request"] == processes["run"]
    assert {span.resource["service.name"] for span in ours} == {"flowdesk"}
    assert kept.credentials == {"open"}


async def ask(
    method: str, url: str, body: Any = None, token: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """Status and JSON of one request."""
    sent = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    async with aiohttp.ClientSession() as client, client.request(method, url, json=body, headers=sent) as response:
        return response.status, await response.json()


async def _holds(kept: Sink, *names: str) -> bool:
    return {span.name for span in kept.spans} >= set(names)


async def _over(url: str, token: str, run_id: str) -> bool:
    return bool((await ask("GET", f"{url}/api/runs/{run_id}", token=token))[1]["status"] == "SUCCESS")


class Stuck(SpanExporter):
    """A collector that does not answer."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait for the end of the test."""
        self.released.wait(30)
        return SpanExportResult.SUCCESS


async def test_the_end_of_a_process_does_not_wait_for_a_collector_that_is_stuck(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(setup, "FLUSH_S", 0.05)
    exporter = Stuck()
    told = sending(exporter, instance="i", version="0")
    assert told.spans is not None
    try:
        told.spans.request(told.spans.begin("r"), None, (1, 2), "GET", "/", 200)
        began = monotonic()
        await told.close()
        await told.close()
        assert monotonic() - began < 5
        assert "did not take the last spans" in caplog.text
    finally:
        exporter.released.set()


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, False),
        ({"FLOWDESK_OTEL": "on"}, True),
        ({"FLOWDESK_OTEL": "Off", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_traces_are_sent_only_when_asked_for(given: dict[str, str], on: bool) -> None:
    assert load_settings(given).traces is on
    if not on:
        assert isinstance(telemetry(load_settings(given), instance="i", version="0").tracing, NoTracing)


@pytest.mark.parametrize(
    "value", ["collector:4318", "http://user:hunter2@c:4318", "grpc://c", "http://c?token=hunter2"]
)
def test_an_address_that_cannot_be_used_is_refused_without_being_repeated(value: str) -> None:
    """Row 48."""
    with pytest.raises(Unusable, match="OTEL_EXPORTER_OTLP_ENDPOINT: must be an address like") as refused:
        load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": value})
    assert "hunter2" not in str(refused.value)


async def test_workers_tell_their_part(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, otel_endpoint="http://127.0.0.1:9")
    core = compose_worker(chosen, store=MemoryStore())
    try:
        assert core.telemetry.spans is not None
        assert core.engine.tracing is core.telemetry.spans
    finally:
        await core.telemetry.close()


def test_who_asks_for_traces_without_the_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 68: a setting without effect is an error."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(Unusable, match=r"OpenTelemetry is not installed") as refused:
        telemetry(load_settings({"FLOWDESK_OTEL": "on"}), instance="i", version="0")
    assert refused.value.code == "otel_missing"
    assert 'pip install "flowdesk[otel]"' in str(refused.value)
    assert "FLOWDESK_OTEL=off" in str(refused.value)


def test_who_asks_for_no_traces_loads_no_library() -> None:
    """The library need not be installed."""
    code = (
        "import sys, server.app, server.compose, server.worker, server.deadlines; print('opentelemetry' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
