"""Webhooks: a request becomes a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from engine.errors import NotFound
from engine.plan import Plan
from server.api_documents import HookAccepted
from server.hook_input import webhook_trigger
from server.hook_reply import accepted_response, outcome_response
from server.idempotency import KEY_HEADER, key_of, once
from server.keys import ENGINE
from server.requests import read_body
from server.routing import Media, Route

WEBHOOK_REF: Final = "http.webhook"
KEY_HEADERS: Final = (KEY_HEADER, "webhook-id", "X-GitHub-Delivery")


@dataclass(slots=True, frozen=True)
class Hook:
    """One webhook trigger of a workflow."""

    step_id: str
    methods: tuple[str, ...]
    waits: bool
    timeout_s: float


def hooks_of(plan: Plan) -> Iterator[Hook]:
    """The workflow's webhook triggers, in definition order."""
    for step in plan.steps.values():
        if step.is_trigger and step.step.ref == WEBHOOK_REF and step.definition is not None:
            params: Any = step.definition.params and step.definition.params.model_validate(step.step.params)
            if params is not None:
                yield Hook(step.id, tuple(params.methods), params.respond == "result", params.timeout_ms / 1000)


async def _open_hooks(request: web.Request) -> tuple[Plan, list[Hook]]:
    """Row 47: an unknown id, a workflow that is switched off and one without a webhook are told alike."""
    try:
        plan = await request.app[ENGINE].plans.current(request.match_info["workflowId"])
    except NotFound:
        raise _unknown() from None
    hooks = list(hooks_of(plan)) if plan.workflow.enabled else []
    if not hooks:
        raise _unknown()
    return plan, hooks


def _unknown() -> NotFound:
    return NotFound("there is no such webhook", hint="is the workflow enabled, and has it an http.webhook step?")


def _allowed(hooks: list[Hook]) -> list[str]:
    return sorted({method for hook in hooks for method in hook.methods} | {"HEAD", "OPTIONS"})


async def receive(request: web.Request) -> web.StreamResponse:
    """Put the run on disk, and answer at once or with its result."""
    plan, hooks = await _open_hooks(request)
    method = request.method
    hook = next((hook for hook in hooks if method in hook.methods), None)
    if hook is None:
        raise web.HTTPMethodNotAllowed(method, _allowed(hooks))
    raw = await read_body(request)
    trigger = webhook_trigger(method, raw, request.headers.items(), request.query.items(), hook.step_id)
    key, payload_hash = once("hook", key_of(request, *KEY_HEADERS), raw)
    engine = request.app[ENGINE]
    if not hook.waits:
        accepted = await engine.accept(plan, trigger, key=key, payload_hash=payload_hash)
        return accepted_response(accepted.run, accepted.duplicate)
    outcome = await engine.run_and_wait(plan, trigger, timeout_s=hook.timeout_s, key=key, payload_hash=payload_hash)
    return outcome_response(outcome)


async def probe(request: web.Request) -> web.StreamResponse:
    """Say that the webhook is there, without starting a run: senders ask before they register it."""
    _, hooks = await _open_hooks(request)
    return web.Response(status=204, headers={"Allow": ", ".join(_allowed(hooks))})


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
            summary="Ask whether a webhook is there",
            description="Starts nothing. `Allow` lists the methods that do.",
            status=204,
            tags=("webhooks",),
        )
        for method in ("HEAD", "OPTIONS")
    ),
]
