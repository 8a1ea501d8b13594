"""What requests, runs and steps look like as spans."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanKind, StatusCode

from engine.models.run import Trigger, TriggerKind
from server.keys import TELEMETRY
from server.settings import Settings
from tests.security.echo import echoing
from tests.server.live import Live, action, eventually, fail, greet, live, webhook
from tests.server.tracing.recorder import Recorder, place, recorder, traced
from tests.server.wire import served

TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = {"traceparent": f"00-{TRACE}-{ABOVE}-01"}


@pytest.fixture
async def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Live, Recorder]]:
    """A server and its spans."""
    async with traced(tmp_path / "data", monkeypatch) as found:
        yield found


async def test_a_trace_goes_through_webhook_run_and_step_to_whoever_is_called(both: tuple[Live, Recorder]) -> None:
    """Row 48: names of routes and steps, ids and statuses are told; no data, secret, address or workflow id is."""
    server, told = both
    ali = await server.person("ali")
    await ali.call("POST", "/api/secrets", {"name": "KEY", "value": "canary-of-a-secret"})
    async with echoing() as echo:
        call = action(
            "call",
            "http.request",
            params={
                "url": echo.url("/private-path?q={{data.name}}"),
                "method": "POST",
                "body": {"kind": "text", "text": "{{data.name}}"},
                "auth": {"kind": "bearer", "token": "{{secrets.KEY}}"},
            },
        )
        workflow_id = await ali.save(webhook("greet", respond="result"), greet(next_step="call"), call)
        told.exporter.clear()
        answer = await server.call("POST", f"/api/hooks/{workflow_id}?name=canary", {"name": "canary"}, headers=SENT)
        assert answer.status == 200, answer.body
        heard = echo.heard[0]
    request, run = told.one("POST /api/hooks/{workflowId}"), told.one("run")
    set_, asked = told.one("data.set"), told.one("http.request")
    assert place(request)[0::2] == (TRACE, ABOVE)
    assert place(run)[0::2] == (TRACE, place(request)[1])
    assert {place(span)[0::2] for span in (set_, asked)} == {(TRACE, place(run)[1])}
    assert (request.kind, run.kind, set_.kind, asked.kind) == (
        SpanKind.SERVER,
        SpanKind.INTERNAL,
        SpanKind.INTERNAL,
        SpanKind.CLIENT,
    )
    assert re.search(r"(?im)^traceparent: (\S+)$", heard).group(1) == f"00-{TRACE}-{place(asked)[1]}-01"  # type: ignore[union-attr]
    (ran,) = await ali.get("/api/runs")
    assert dict(run.attributes or {}) == {
        "flowdesk.run.id": ran["id"],
        "flowdesk.run.status": "SUCCESS",
        "flowdesk.run.trigger": "webhook",
        "flowdesk.workflow.version": 1,
    }
    for span in (run, set_, asked):
        assert (span.start_time or 0) <= (span.end_time or 0)
        assert (span.start_time or 0) >= (request.start_time or 0) - 2_000_000
    said = "".join(span.to_json() for span in told.spans)
    for hidden in ("canary", workflow_id, "private-path", str(echo.port)):
        assert hidden not in said


async def test_each_attempt_is_a_span_and_a_failed_one_says_with_which_code(both: tuple[Live, Recorder]) -> None:
    server, told = both
    ali = await server.person("ali")
    async with echoing() as echo:
        retry = {"maxAttempts": 2, "backoffMs": 1}
        workflow_id = await ali.save(
            webhook("x"), action("x", "http.request", params={"url": echo.url("/fail")}, retry=retry)
        )
        run_id = await ali.start(workflow_id)
        await eventually(lambda: _ends(told))
    first, second = told.named("http.request")
    assert [span.attributes["flowdesk.step.attempt"] for span in (first, second)] == [1, 2]  # type: ignore[index]
    assert {span.attributes["error.type"] for span in (first, second)} == {"http_500"}  # type: ignore[index]
    assert {span.status.status_code for span in (first, second, told.one("run"))} == {StatusCode.ERROR}
    assert place(first)[1] != place(second)[1]
    assert told.one("run").attributes["flowdesk.run.id"] == run_id  # type: ignore[index]


async def _ends(told: Recorder, count: int = 1) -> bool:
    return len(told.named("run")) == count


async def test_an_error_code_that_the_data_says_is_not_told(both: tuple[Live, Recorder]) -> None:
    """Row 48."""
    server, told = both
    ali = await server.person("ali")
    boom = action("boom", "core.fail", params={"message": "m", "code": "{{data.name}}"})
    workflow_id = await ali.save(webhook("boom"), boom)
    await ali.run(workflow_id, name="canary_of_data")
    assert told.one("core.fail").attributes["error.type"] == "step_failed"  # type: ignore[index]
    assert "canary_of_data" not in "".join(span.to_json() for span in told.spans)


async def test_a_failed_run_that_is_opened_again_has_a_second_span_below_its_first(
    both: tuple[Live, Recorder],
) -> None:
    server, told = both
    ali = await server.person("ali")
    workflow_id = await ali.save(webhook("boom"), fail())
    await ali.run(workflow_id)
    (job,) = await ali.get(f"/api/workflows/{workflow_id}/jobs")
    assert (await ali.call("POST", f"/api/workflows/jobs/{job['id']}/retry")).status == 202
    await eventually(lambda: _ends(told, 2))
    first, second = told.named("run")
    assert place(second)[2] == place(first)[1]
    assert place(second)[0] == place(first)[0]
    assert {place(span)[2] for span in told.named("core.fail")} == {place(first)[1]}


async def test_a_called_run_belongs_to_the_trace_of_its_caller(both: tuple[Live, Recorder]) -> None:
    server, told = both
    ali = await server.person("ali")
    loop = action("each", "flow.foreach", params={"items": [1, 2]}, body={"steps": [greet()]})
    workflow_id = await ali.save(webhook("each"), loop)
    run = await ali.run(workflow_id)
    assert run["status"] == "SUCCESS", run
    asked = told.one("POST /api/workflows/{id}/execute")
    outer = next(span for span in told.named("run") if place(span)[2] == place(asked)[1])
    rounds = [span for span in told.named("run") if span is not outer]
    assert len(rounds) == 2
    assert {place(span)[0::2] for span in rounds} == {place(outer)[:2]}
    for span in rounds:
        assert [place(step)[2] for step in told.named("data.set")].count(place(span)[1]) == 1


async def test_a_run_nobody_asked_for_begins_a_trace_and_its_failure_is_handled_in_it(
    both: tuple[Live, Recorder],
) -> None:
    """As the runs of schedules do."""
    server, told = both
    ali = await server.person("ali")
    handler = await ali.save(greet())
    workflow_id = await ali.save(webhook("boom"), fail(), onFailure=handler)
    engine = server.parts.engine
    accepted = await engine.accept(await engine.plans.current(workflow_id), Trigger(TriggerKind.CRON))
    await eventually(lambda: _ends(told, 2))
    first, second = told.named("run")
    assert first.attributes["flowdesk.run.id"] == accepted.run.id  # type: ignore[index]
    assert place(first)[2] is None
    assert place(second)[0::2] == place(first)[:2]
    assert second.attributes["flowdesk.run.trigger"] == "failure"  # type: ignore[index]


async def test_a_redirect_is_an_answer() -> None:
    told = recorder()

    async def redirect(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/elsewhere")

    app = web.Application()
    app.router.add_get("/old", redirect)
    app[TELEMETRY] = told.telemetry
    async with (
        served(app, Settings(data_dir=Path("/nonexistent"))) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/old", allow_redirects=False) as answer,
    ):
        assert answer.status == 302
    span = told.one("GET /old")
    assert span.attributes["http.response.status_code"] == 302  # type: ignore[index]
    assert span.status.status_code is StatusCode.UNSET


async def test_a_caller_that_does_not_sample_is_obeyed_and_probes_are_not_told(both: tuple[Live, Recorder]) -> None:
    server, told = both
    ali = await server.person("ali")
    workflow_id = await ali.save(webhook("greet", respond="result"), greet())
    told.exporter.clear()
    unsampled = {"traceparent": f"00-{TRACE}-{ABOVE}-00"}
    assert (await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=unsampled)).status == 200
    for probe in ("/healthz", "/readyz", "/metrics"):
        await server.call("GET", probe)
    assert told.spans == []
    await server.call("GET", "/no/such/place-canary", headers={"traceparent": "nonsense"})
    assert told.one("GET (none)").parent is None
    assert "canary" not in told.spans[0].to_json()


async def test_what_is_not_sampled_at_its_start_is_never_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with traced(tmp_path / "data", monkeypatch, ParentBased(ALWAYS_OFF)) as (server, told):
        ali = await server.person("ali")
        workflow_id = await ali.save(webhook("greet", respond="result"), greet())
        assert (await server.call("POST", f"/api/hooks/{workflow_id}", {})).status == 200
        assert told.spans == []
        assert (await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=SENT)).status == 200
        assert told.one("run").attributes["flowdesk.run.status"] == "SUCCESS"  # type: ignore[index]


async def test_a_sampler_may_overrule_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then says so to whoever is called next."""
    async with traced(tmp_path / "data", monkeypatch, ALWAYS_ON) as (server, told), echoing() as echo:
        ali = await server.person("ali")
        call = action("call", "http.request", params={"url": echo.url("/")})
        workflow_id = await ali.save(webhook("call", respond="result"), call)
        headers = {"traceparent": f"00-{TRACE}-{ABOVE}-00"}
        assert (await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=headers)).status == 200
    asked = told.one("http.request")
    assert place(asked)[0] == TRACE
    assert f"00-{TRACE}-{place(asked)[1]}-01" in echo.heard[0]


async def test_without_tracing_nothing_is_kept_or_sent(tmp_path: Path) -> None:
    async with live(tmp_path / "data") as server, echoing() as echo:
        ali = await server.person("ali")
        call = action("call", "http.request", params={"url": echo.url("/")})
        workflow_id = await ali.save(webhook("call", respond="result"), call)
        assert (await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=SENT)).status == 200
        assert "traceparent" not in echo.heard[0].lower()
