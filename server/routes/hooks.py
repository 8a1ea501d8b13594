"""Webhooks: a request becomes a run."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Final

from aiohttp import hdrs, web

from engine.clock import now_ms
from engine.engine import Engine
from engine.errors import FlowDeskError, NotFound, TooLarge
from engine.models.run import Trigger
from engine.plan import Plan
from server.hook_input import webhook_trigger
from server.hook_reply import RUN_HEADER, accepted_response, outcome_response, plain_response, reply_response
from server.hooks.addresses import PREFIX
from server.hooks.asking import check_peer, check_type
from server.hooks.cors import answer_headers, preflight_headers
from server.hooks.judging import Admission, admit, prove, refusal, verification_of
from server.hooks.policy import Policy, policy_of
from server.hooks.proof import Proof
from server.keys import (
    CAPTURES,
    ENGINE,
    HOOK_ADDRESSES,
    HOOK_SECRETS,
    LIMITER,
    METRICS,
    QUOTAS,
    SETTINGS,
    address_of,
)
from server.payload import read_payload
from server.problems import answer
from server.quotas import PayloadTooLarge
from server.requests import json_response
from server.routing import Media, Route
from server.run_documents import HookAccepted, HookCaptured

_ID: Final = "workflowId"

log = logging.getLogger("flowdesk.server")


async def _open_hook(request: web.Request, *, disabled: bool = False) -> tuple[Plan, Policy]:
    """Row 47: an unknown address, a workflow that is switched off and one without a webhook are told alike.

    With `disabled` one that is switched off is found, too.
    """
    path = request.match_info[_ID]
    own = path.startswith(PREFIX)
    workflow_id = await request.app[HOOK_ADDRESSES].find(path) if own else path
    plan = None if workflow_id is None else await _plan(request, workflow_id)
    policy = None if plan is None else policy_of(plan)
    limiter = request.app[LIMITER]
    if plan is None or policy is None or (policy.own_address and not own) or not (disabled or plan.workflow.enabled):
        await limiter.stranger(request)  # who guesses addresses is slowed down
        raise _unknown()
    if policy.auth is None:
        await limiter.hook(request, plan.workflow.id, plan.workflow.owner_id, policy.rate)
    return plan, policy


async def _plan(request: web.Request, workflow_id: str) -> Plan | None:
    try:
        return await request.app[ENGINE].plans.current(workflow_id)
    except NotFound:
        return None


def _unknown() -> NotFound:
    return NotFound("there is no such webhook", hint="is the workflow enabled, and has it an http.webhook step?")


async def receive(request: web.Request) -> web.StreamResponse:
    """Put the run on disk, and answer at once or with its result."""
    plan, policy = await _open_hook(request)
    return await _for_pages(request, policy, _receive(request, plan, policy))


async def receive_test(request: web.Request) -> web.StreamResponse:
    """Keep the call as a sample, if somebody waits for one; else there is nothing here."""
    plan, policy = await _open_hook(request, disabled=True)
    if await request.app[CAPTURES].until(plan.workflow.id) is None:
        raise _unknown()
    return await _for_pages(request, policy, _receive(request, plan, policy, test=True))


async def _for_pages(request: web.Request, policy: Policy, answered: Awaitable[web.Response]) -> web.Response:
    """The answer, refusals included, as pages of other origins may read it."""
    if not policy.origins:
        return await answered
    try:
        response = await answered
    except (FlowDeskError, web.HTTPException) as error:
        response = answer(error)
        request.app[METRICS].meters.requests.refuse(error)
    response.headers.update(answer_headers(policy.origins, request.headers.get(hdrs.ORIGIN), (RUN_HEADER,)))
    return response


async def _receive(request: web.Request, plan: Plan, policy: Policy, *, test: bool = False) -> web.Response:
    app, headers = request.app, request.headers
    raw = await _body(request, plan, policy)
    secrets = await app[HOOK_SECRETS].values(plan.workflow.owner_id, policy.secrets) if policy.secrets else ()
    proof = prove(policy, headers, raw, secrets, now_ms())
    if policy.auth is not None:
        # Whoever proves nothing is counted by address: nobody can use up what the real sender may send.
        if proof.fault is not None:
            await app[LIMITER].stranger(request)
        else:
            await app[LIMITER].hook(request, plan.workflow.id, plan.workflow.owner_id, policy.rate)
    if test or app[CAPTURES].wants(plan.workflow.id):
        captured = await _captured(request, plan, policy, raw, proof, test=test)
        if captured is not None:
            return captured
    if proof.fault is not None and policy.auth is not None:
        log.info("a call of a webhook was refused: %s", proof.fault.value)
        raise refusal(policy.auth)
    trigger = _trigger(request, policy, raw)
    admission = admit(policy, headers, trigger.data, raw, proof)
    if admission.greeting is not None:
        return plain_response(admission.greeting)
    await app[QUOTAS].one_more_run(plan.workflow.owner_id, plan.workflow.id, admission.key)
    return await _run(app[ENGINE], plan, policy, trigger, admission)


async def _run(engine: Engine, plan: Plan, policy: Policy, trigger: Trigger, admission: Admission) -> web.Response:
    key, payload_hash = admission.key, admission.payload_hash
    if policy.respond == "result":
        outcome = await engine.run_and_wait(
            plan, trigger, timeout_s=policy.timeout_s, key=key, payload_hash=payload_hash
        )
        return outcome_response(outcome)
    accepted = await engine.accept(plan, trigger, key=key, payload_hash=payload_hash)
    if policy.respond == "static":
        return reply_response(policy.answer, accepted.run.id)
    return accepted_response(accepted.run, accepted.duplicate)


async def _body(request: web.Request, plan: Plan, policy: Policy) -> bytes:
    """The body, if a request like this may have one."""
    if request.method not in policy.methods:
        raise web.HTTPMethodNotAllowed(request.method, policy.allowed)
    check_peer(policy, address_of(request))
    if policy.content_types and request.body_exists:
        check_type(policy, request.headers.get(hdrs.CONTENT_TYPE))
    own = policy.max_bytes if (policy.max_bytes or 0) < request.app[SETTINGS].max_body_bytes else None
    try:
        return await read_payload(request, plan.workflow.owner_id, own)
    except PayloadTooLarge:
        raise
    except TooLarge as error:
        hint = error.hint if own is None else "the trigger's `maxBytes` sets the limit"
        raise TooLarge(error.message, hint=hint) from None


def _trigger(request: web.Request, policy: Policy, raw: bytes) -> Trigger:
    asked = request.query.items() if request.query_string else ()
    return webhook_trigger(request.method, raw, request.headers.items(), asked, policy.step_id, policy.hidden)


async def _captured(
    request: web.Request, plan: Plan, policy: Policy, raw: bytes, proof: Proof, *, test: bool
) -> web.Response | None:
    """The answer to a call that was kept as a sample; None when nobody waits for one any more, or it only greets.

    One that would have been refused is kept, too, for whoever wants to know why, and gets the same refusal as always.
    """
    trigger = _trigger(request, policy, raw)
    outcome: Admission | FlowDeskError
    try:
        if proof.fault is not None and policy.auth is not None:
            raise refusal(policy.auth)
        outcome = admit(policy, request.headers, trigger.data, raw, proof)
    except FlowDeskError as error:
        outcome = error
    if isinstance(outcome, Admission) and outcome.greeting is not None:
        return plain_response(outcome.greeting)
    verification = verification_of(policy, proof, outcome)
    sample = await request.app[CAPTURES].take(plan.workflow.id, trigger, verification, test=test)
    if sample is None:
        if test:
            raise _unknown()
        return None
    if isinstance(outcome, FlowDeskError):
        raise outcome
    return json_response({"captured": True, "sample": sample.name})


async def probe(request: web.Request) -> web.StreamResponse:
    """Say that the webhook is there, without starting a run: senders ask before they register it."""
    _, policy = await _open_hook(request)
    if policy.auth is not None:
        await request.app[LIMITER].stranger(request)
    headers = {"Allow": ", ".join(policy.allowed)}
    if policy.origins:
        more = (policy.auth.field,) if policy.auth is not None else ()
        headers |= preflight_headers(policy.origins, request.headers.get(hdrs.ORIGIN), policy.methods, more)
    return web.Response(status=204, headers=headers)


_PATH = "/api/hooks/{workflowId}"
_ABOUT = (
    "A JSON object or a form becomes the run's `data`, any other body is `data.body`; method, headers, query and raw "
    "text are under `trigger` in templates. The trigger's `methods` say which methods start a run, and its `auth` "
    "what a caller has to prove (401 `webhook_unauthorized`, whatever is wrong). With `respond: accepted` the answer "
    "is 202 once the run is on disk; with `respond: result` it is the run's data or what an `http.respond` step says; "
    "with `respond: static` always the same. The sender's id of a delivery, or `Idempotency-Key` where nothing is "
    "signed, makes a repeated delivery answer with the first one's run; with another body it is refused (422 "
    "`idempotency_key_reused`). The last part of the path is the workflow's id or a secret address of its own."
)
_METHODS: Final = ("POST", "GET", "PUT", "PATCH", "DELETE")

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
        for method in _METHODS
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
    *(
        Route(
            method,
            _PATH + "/test",
            receive_test,
            public=True,
            rated=False,
            summary="Try a webhook out",
            description=(
                "While a capture waits (`POST /api/workflows/{id}/capture`), the call is checked like any other and "
                "kept as a sample with what the check said; nothing runs. At any other time there is nothing here."
            ),
            response=HookCaptured,
            tags=("webhooks",),
        )
        for method in _METHODS
    ),
]
