"""Webhooks: a request becomes a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from aiohttp import web

from engine.errors import NotFound
from engine.plan import Plan
from server.hook_input import webhook_trigger
from server.hook_reply import accepted_response, outcome_response
from server.idempotency import KEY_HEADER, key_of, once
from server.keys import CAPTURES, ENGINE, LIMITER, QUOTAS
from server.payload import read_payload
from server.rate import Rate
from server.requests import json_response
from server.routing import Media, Route
from server.run_documents import HookAccepted

WEBHOOK_REF: Final = "http.webhook"
KEY_HEADERS: Final = (KEY_HEADER, "webhook-id", "X-GitHub-Delivery")


@dataclass(slots=True, frozen=True)
class Hook:
    """What a workflow's webhook trigger says."""

    step_id: str
    methods: frozenset[str]
    waits: bool
    timeout_s: float
    rate: Rate | None


# Validating the trigger's params took 1 % of a short run. A save makes a new plan, so nothing stale is kept in use.
@lru_cache(maxsize=500)
def hook_of(plan: Plan) -> Hook | None:
    """The workflow's webhook, if it is open to calls; worked out once for each plan."""
    step = plan.trigger_step(WEBHOOK_REF)
    if not plan.workflow.enabled or step is None or step.definition is None or step.definition.params is None:
        return None
    params: Any = step.definition.params.model_validate(step.step.params)
    asked = params.rate_limit
    rate = None if asked is None else Rate(asked.limit, asked.window_ms / 1000)
    return Hook(step.id, frozenset(params.methods), params.respond == "result", params.timeout_ms / 1000, rate)


async def _open_hook(request: web.Request) -> tuple[Plan, Hook]:
    """Row 47: an unknown id, a workflow that is switched off and one without a webhook are told alike."""
    limiter = request.app[LIMITER]
    try:
        plan = await request.app[ENGINE].plans.current(request.match_info["workflowId"])
    except NotFound:
        plan = None
    hook = None if plan is None else hook_of(plan)
    if plan is None or hook is None:
        await limiter.stranger(request)  # who guesses ids is slowed down
        raise _unknown()
    await limiter.hook(request, plan.workflow.id, plan.workflow.owner_id, hook.rate)
    return plan, hook


def _unknown() -> NotFound:
    return NotFound("there is no such webhook", hint="is the workflow enabled, and has it an http.webhook step?")


def _allowed(hook: Hook) -> list[str]:
    return sorted({*hook.methods, "HEAD", "OPTIONS"})


async def receive(request: web.Request) -> web.StreamResponse:
    """Put the run on disk, and answer at once or with its result."""
    plan, hook = await _open_hook(request)
    method = request.method
    if method not in hook.methods:
        raise web.HTTPMethodNotAllowed(method, _allowed(hook))
    workspace_id = plan.workflow.owner_id
    raw = await read_payload(request, workspace_id)
    asked = request.query.items() if request.query_string else ()
    trigger = webhook_trigger(method, raw, request.headers.items(), asked, hook.step_id)
    captures = request.app[CAPTURES]
    if captures.wants(plan.workflow.id) and (sample := await captures.take(plan.workflow.id, trigger)) is not None:
        return json_response({"captured": True, "sample": sample.name})
    await request.app[QUOTAS].one_more_run(workspace_id)
    key, payload_hash = once("hook", key_of(request, *KEY_HEADERS), raw)
    engine = request.app[ENGINE]
    if not hook.waits:
        accepted = await engine.accept(plan, trigger, key=key, payload_hash=payload_hash)
        return accepted_response(accepted.run, accepted.duplicate)
    outcome = await engine.run_and_wait(plan, trigger, timeout_s=hook.timeout_s, key=key, payload_hash=payload_hash)
    return outcome_response(outcome)


async def probe(request: web.Request) -> web.StreamResponse:
    """Say that the webhook is there, without starting a run: senders ask before they register it."""
    _, hook = await _open_hook(request)
    return web.Response(status=204, headers={"Allow": ", ".join(_allowed(hook))})


_PATH = "/api/hooks/{workflowId}"
_ABOUT = (
    "A JSON object or a form becomes the run's `data`, any other body is `data.body`; method, headers, query and raw "
    "text are under `trigger` in templates. The trigger's `methods` say which methods start a run. With `respond: "
    "accepted` the answer is 202 once the run is on disk; with `respond: result` it is the run's data or what an "
    "`http.respond` step says. `Idempotency-Key`, `webhook-id` or `X-GitHub-Delivery` make a repeated delivery "
    "answer with the first one's run; with another body it is refused (422 `idempotency_key_reused`)."
)

routes = [
    *(
        Route(
            method,
            _PATH,
            receive,
            public=True,
            rated=False,
            summary="Start a run by webhook",
            description=_ABOUT,
            response=HookAccepted,
            status=202,
            also={200: Media("*/*")},
            tags=("webhooks",),
        )
        for method in ("POST", "GET", "PUT", "PATCH", "DELETE")
    ),
    *(
        Route(
            method,
            _PATH,
            probe,
            public=True,
            rated=False,
            summary="Ask whether a webhook is there",
            description="Starts nothing. `Allow` lists the methods that do.",
            status=204,
            tags=("webhooks",),
        )
        for method in ("HEAD", "OPTIONS")
    ),
]
