"""Starting a run by hand."""

from __future__ import annotations

from aiohttp import web

from engine.errors import NotFound
from engine.inputs import Rehearsal
from engine.jsonio import parse_json
from engine.models.run import FINISHED, RunRow, Trigger, TriggerKind
from engine.plan import Plan
from engine.store import ANYONE
from server.api_models import ExecuteBody, ExecuteQuery
from server.audit_trail import changed
from server.idempotency import KEY_HEADER, key_of, once
from server.keys import ENGINE, QUOTAS, STORE, owner_of
from server.payload import read_payload
from server.permissions import Permission
from server.reading import full_run, summary
from server.rehearsing import rehearsal
from server.requests import json_response, query, validated
from server.routing import Route
from server.run_documents import Run, RunSummary

MANUAL_REF = "manual"


async def own_plan(request: web.Request) -> Plan:
    """The plan of the workflow in the path; NotFound when it is somebody else's."""
    workflow_id = request.match_info["id"]
    plan: Plan = await request.app[ENGINE].plans.current(workflow_id)
    owner = owner_of(request)
    if owner is not ANYONE and plan.workflow.owner_id != owner:
        raise NotFound
    return plan


async def execute(request: web.Request) -> web.StreamResponse:
    """Start a run; with `wait` answer with its end."""
    wanted = query(request, ExecuteQuery)
    plan = await own_plan(request)
    workspace_id = plan.workflow.owner_id
    raw = await read_payload(request, workspace_id)
    given = validated(parse_json(raw) if raw else {}, ExecuteBody)
    step = plan.trigger_step(MANUAL_REF)
    trigger = Trigger(TriggerKind.MANUAL, given.data, {}, step.id if step else None)
    rehearsed: Rehearsal | None = None
    if given.rehearsal is not None:
        trigger, rehearsed = await rehearsal(request.app[STORE], plan, given.rehearsal, trigger)
    key, payload_hash = once("execute", key_of(request, KEY_HEADER), raw)
    await request.app[QUOTAS].one_more_run(workspace_id, plan.workflow.id, key)
    engine = request.app[ENGINE]
    if not wanted.wait:
        accepted = await engine.accept(plan, trigger, key=key, payload_hash=payload_hash, rehearsal=rehearsed)
        return await _accepted(request, accepted.run)
    outcome = await engine.run_and_wait(
        plan,
        trigger,
        timeout_s=wanted.timeout_ms / 1000,
        key=key,
        payload_hash=payload_hash,
        rehearsal=rehearsed,
    )
    if outcome.run.status in FINISHED:
        changed(request, outcome.run.id, workspace_id=outcome.run.user_id)
        return json_response(await full_run(request.app, outcome.run))
    return await _accepted(request, outcome.run)


async def _accepted(request: web.Request, run: RunRow) -> web.Response:
    changed(request, run.id, workspace_id=run.user_id)
    document = await summary(request.app, run)
    return json_response(document, status=202, headers={"Location": f"/api/runs/{run.id}"})


routes = [
    Route(
        "POST",
        "/api/workflows/{id}/execute",
        execute,
        needs=Permission.RUNS_WRITE,
        audit="run.start",
        summary="Start a run by hand",
        description=(
            "Works for workflows that are switched off, too. An `Idempotency-Key` header makes a repeated request "
            "answer with the first one's run; with another body it is refused (422 `idempotency_key_reused`), and "
            "with `wait` while that run works too (409 `run_in_progress`)."
        ),
        body=ExecuteBody,
        query=ExecuteQuery,
        response=RunSummary,
        status=202,
        also={200: Run},
        tags=("workflows",),
    )
]
