"""/metrics of a running server: right after known traffic, and for those who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.models.run import Role
from server.app import all_routes
from server.metrics.exposition import CONTENT_TYPE
from tests.security.canary import CANARY, shows
from tests.server.live import UNKNOWN, Live, Person, action, eventually, fail, greet, live, sleep, webhook
from tests.server.metrics.parser import Exposition, parse

TOKEN = "metrics-token-0123456789"


async def read(server: Live, **more: Any) -> Exposition:
    """What an administrator is told."""
    token = server.parts.tokens.issue(await server.parts.accounts.local_user())
    answer = await server.call("GET", "/metrics", token=token, **more)
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    return parse(answer.body.decode())


async def test_runs_and_steps_are_counted_by_outcome(server: Live, ali: Person) -> None:
    nobody = {"method": "GET", "url": "http://127.0.0.1:9/"}
    call = action("call", "http.request", params=nobody, retry={"maxAttempts": 2, "backoffMs": 1})
    good, bad = await ali.save(greet()), await ali.save(call)
    for _ in range(3):
        await ali.run(good)
    failing = await ali.start(bad)
    slow = await ali.start(await ali.save(sleep()))

    async def at_rest() -> bool:
        statuses = [(await ali.get(f"/api/runs/{run}"))["status"] for run in (failing, slow)]
        return statuses == ["FAILED", "RUNNING"]

    await eventually(at_rest)
    before = await read(server)
    assert before.get("flowdesk_runs_executing") == before.get("flowdesk_leases") == 1
    assert before.get("flowdesk_open_runs", status="running") == 1
    assert (await ali.call("POST", f"/api/runs/{slow}/cancel")).status in (200, 202)

    async def cancelled() -> bool:
        return bool((await ali.get(f"/api/runs/{slow}"))["status"] == "CANCELLED")

    await eventually(cancelled)
    found = await read(server)
    outcomes = {"succeeded": 3, "failed": 1, "cancelled": 1}
    for outcome, count in outcomes.items():
        assert found.get("flowdesk_runs_finished_total", outcome=outcome) == count
        assert found.get("flowdesk_run_duration_seconds_count", outcome=outcome) == count
    assert found.get("flowdesk_runs_started_total", trigger="manual") == 5
    assert found.get("flowdesk_runs_started_total", trigger="cron") == 0
    assert found.get("flowdesk_run_start_delay_seconds_count") == 5
    assert found.get("flowdesk_steps_total", family="data", outcome="succeeded") == 3
    assert found.get("flowdesk_steps_total", family="http", outcome="retried") == 1
    assert found.get("flowdesk_steps_total", family="http", outcome="failed") == 1
    assert found.get("flowdesk_step_duration_seconds_count", family="http") == 2
    assert found.get("flowdesk_steps_total", family="core", outcome="succeeded") is None
    assert found.get("flowdesk_step_duration_seconds_count", family="data") == 3


async def test_a_run_that_is_opened_again_ends_twice(server: Live, ali: Person) -> None:
    run = await ali.start(await ali.save(fail()))

    async def parked() -> Any:
        return await ali.get(f"/api/jobs?runId={run}")

    (job,) = await eventually(parked)
    assert (await ali.call("POST", f"/api/workflows/jobs/{job['id']}/retry")).status < 300

    async def twice() -> bool:
        return (await read(server)).get("flowdesk_runs_finished_total", outcome="failed") == 2

    await eventually(twice)
    assert (await read(server)).get("flowdesk_runs_started_total", trigger="manual") == 1


async def test_a_delivery_that_comes_twice_is_one_run(server: Live, ali: Person) -> None:
    hook = await ali.save(webhook("greet", respond="result"), greet())
    for _ in range(2):
        answer = await server.call("POST", f"/api/hooks/{hook}", {"name": "x"}, headers={"Idempotency-Key": "one"})
        assert answer.status == 200
    found = await read(server)
    assert found.get("flowdesk_runs_started_total", trigger="webhook") == 1
    assert found.get("flowdesk_runs_finished_total", outcome="succeeded") == 1


async def test_requests_are_counted_by_the_template_of_their_route(server: Live, ali: Person) -> None:
    hook = await ali.save(webhook("greet", respond="result"), greet())
    await server.call("POST", f"/api/hooks/{hook}", {"name": "x"})
    await server.call("POST", f"/api/hooks/{UNKNOWN}", {})
    await server.call("GET", f"/nowhere/{CANARY}")
    await server.call("DELETE", "/healthz")
    await server.call("BREW", "/healthz")
    found = await read(server)
    route = "/api/hooks/{workflowId}"
    assert found.get("flowdesk_http_requests_total", method="POST", route=route, status="200") == 1
    assert found.get("flowdesk_http_requests_total", method="POST", route=route, status="404") == 1
    assert found.get("flowdesk_http_request_duration_seconds_count", route=route) == 2
    assert found.get("flowdesk_http_requests_total", method="(any)", route="(none)", status="404") == 1
    assert found.get("flowdesk_http_requests_total", method="(any)", route="(none)", status="405") == 1
    assert found.get("flowdesk_http_requests_total", method="(any)", route="(none)", status="400") == 1


async def test_what_a_limit_refuses_is_counted_by_code(server: Live, ali: Person) -> None:
    limit = {"limit": 1, "strategy": "drop"}
    busy = await ali.save(sleep(), concurrency=limit)
    await ali.start(busy)
    answer = await ali.call("POST", f"/api/workflows/{busy}/execute", {})
    assert (answer.status, answer.code) == (429, "concurrency_limit")
    found = await read(server)
    assert found.get("flowdesk_http_refused_total", code="concurrency_limit") == 1


async def test_the_state_of_the_parts_is_there(tmp_path: Path) -> None:
    async with live(tmp_path / "data", start_scheduler=True) as server:

        async def looked() -> bool:
            found = await read(server)
            passes = found.get("flowdesk_sweeper_passes_total") or 0
            return found.get("flowdesk_scheduler_lag_seconds") is not None and passes > 0

        await eventually(looked)
        found = await read(server)
        assert found.get("flowdesk_store_up") == 1
        assert (found.get("flowdesk_store_writes_total") or 0) > 0
        assert found.get("flowdesk_store_waiting") is not None
        assert found.get("flowdesk_store_batch_seconds") is not None
        assert found.get("flowdesk_sweeper_failures") == 0
        assert (found.get("flowdesk_heartbeat_age_seconds") or 99) < 20
        assert found.get("flowdesk_runs_queued") == 0
        assert found.get("flowdesk_open_runs", status="waiting") == 0
        assert found.get("flowdesk_processes", role="server") == 1
        assert (found.get("process_cpu_seconds_total") or 0) > 0
        assert found.get("flowdesk_scheduler_failing") == 0


async def test_a_store_that_is_away_costs_its_own_figures_only(tmp_path: Path) -> None:
    async with live(tmp_path / "data", metrics_token=TOKEN) as server:
        await server.parts.store.close()
        answer = await server.call("GET", "/metrics", token=TOKEN)
        assert answer.status == 200
        found = parse(answer.body.decode())
        assert found.get("flowdesk_store_up") == 0
        assert found.get("flowdesk_open_runs", status="running") is None
        assert found.get("flowdesk_runs_executing") == 0


async def test_nothing_a_user_wrote_is_in_it(server: Live, ali: Person) -> None:
    """Row 48: names, ids, data, refs, methods and addresses that users choose are in no label and no text."""
    canary = CANARY.replace("/", "-")
    step = greet("canary-7Hq2")
    workflow = await ali.save(webhook("canary-7Hq2"), step, name=canary, tags=[canary[:20]])
    await ali.call("POST", f"/api/hooks/{workflow}?{canary}=1", {"name": canary}, headers={"X-Request-Id": "cnry-7Hq2"})
    await ali.run(await ali.save(action("x", "core.fail", params={"message": canary, "code": "cnry_7hq2"})))
    await ali.call("GET", f"/{canary}")
    await ali.call("CNRY7HQ2", f"/api/runs/{canary}")
    await ali.call("GET", f"/api/workflows/{canary}")
    token = server.parts.tokens.issue(await server.parts.accounts.local_user())
    text = (await server.call("GET", "/metrics", token=token)).body.decode()
    assert shows(text, canary) is None
    assert workflow not in text
    for word in ("7hq2", "ali", ali.user.id):
        assert word.lower() not in text.lower().replace("available", "")
    templates = {route.path for route in all_routes()} | {"(none)"}
    known = {value for key, value in parse(text).labels() if key == "route"}
    assert known <= templates


async def test_only_administrators_read_it(server: Live, ali: Person) -> None:
    """Row 39."""
    assert (await server.call("GET", "/metrics")).code == "token_missing"
    assert (await server.call("GET", "/metrics", token="x" * 20)).status == 401
    assert (await ali.call("GET", "/metrics")).code == "admin_only"
    root = await server.person("root", Role.ADMIN)
    assert (await root.call("GET", "/metrics")).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer  {TOKEN} "}, 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer \u00e9"}, 401),
        ({}, 401),
    ],
)
async def test_a_token_of_its_own(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with live(tmp_path / "data", metrics_token=TOKEN) as server:
        assert (await server.call("GET", "/metrics", headers=headers)).status == status
        assert (await server.call("GET", "/api/workflows", token=TOKEN)).status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:4000"}, 200),
        ({"Host": "[::1]:4000"}, 200),
        ({"Host": "rebound.example.com"}, 401),
        ({"Host": "[nonsense"}, 401),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"Forwarded": "for=127.0.0.1"}, 401),
        ({"Via": "1.1 proxy"}, 401),
    ],
)
async def test_open_on_this_machine_but_not_behind_a_proxy(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    """Row 64: a proxy here makes every client look local."""
    async with live(tmp_path / "data", metrics="loopback") as server:
        assert (await server.call("GET", "/metrics", headers=headers)).status == status
