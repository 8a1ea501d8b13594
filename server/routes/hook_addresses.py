"""The addresses of a workflow's webhook: look them up, replace them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.clock import iso
from engine.errors import NotFound
from engine.models.workflow import Workflow
from server.audit_trail import changed
from server.hook_documents import HookDocument, HookRotateBody
from server.hooks.addresses import PATH, Address
from server.hooks.policy import WEBHOOK_REF, Policy, policy_of
from server.keys import ENGINE, HOOK_ADDRESSES, LINKS, STORE, owner_of
from server.permissions import Permission
from server.requests import body, json_response
from server.routing import Route


async def _hook(request: web.Request) -> tuple[Workflow, Policy]:
    """The workflow in the path with its webhook; NotFound when it is somebody else's, or has none."""
    workflow = await request.app[STORE].workflows.get(request.match_info["id"], owner=owner_of(request))
    policy = policy_of(await request.app[ENGINE].plans.current(workflow.id))
    if policy is None:
        raise NotFound("the workflow has no webhook", hint=f"give it a trigger {WEBHOOK_REF}")
    return workflow, policy


async def show(request: web.Request) -> web.StreamResponse:
    """How the webhook is reached."""
    return json_response(await _document(request, *await _hook(request)))


async def rotate(request: web.Request) -> web.StreamResponse:
    """Make a new secret address; those before it end."""
    given = await body(request, HookRotateBody, default={})
    workflow, policy = await _hook(request)
    before = await request.app[HOOK_ADDRESSES].of(workflow.id)
    made = await request.app[HOOK_ADDRESSES].rotate(workflow, grace_ms=given.grace_seconds * 1000)
    changed(
        request,
        workflow.id,
        before=[address.created_at for address in before] or None,
        after=made.created_at,
        workspace_id=workflow.owner_id,
    )
    return json_response(await _document(request, workflow, policy), status=201)


async def _document(request: web.Request, workflow: Workflow, policy: Policy) -> dict[str, Any]:
    base = request.app[LINKS].base() or str(request.url.origin())
    own = await request.app[HOOK_ADDRESSES].of(workflow.id)
    told = [_address(base, known) for known in own]
    if not policy.own_address:
        told.append(_address(base, Address(workflow.id, None, None)))
    step = next(step for step in workflow.steps if step.id == policy.step_id)
    auth = step.params.get("auth") or {}
    return {
        "stepId": policy.step_id,
        "enabled": workflow.enabled,
        "methods": sorted(policy.methods),
        "auth": auth.get("kind", "none"),
        "preset": auth.get("preset", "generic") if auth.get("kind") == "hmac" else None,
        "secrets": list(policy.secrets),
        "addresses": told,
    }


def _address(base: str, known: Address) -> dict[str, Any]:
    url = None if known.path is None else f"{base}{PATH}{known.path}"
    return {
        "url": url,
        "testUrl": None if url is None else f"{url}/test",
        "createdAt": None if known.created_at is None else iso(known.created_at),
        "endsAt": None if known.ends_at is None else iso(known.ends_at),
    }


_TAGS = ("webhooks",)
_PATH = "/api/workflows/{id}/hook"

routes = [
    Route(
        "GET",
        _PATH,
        show,
        needs=Permission.WORKFLOWS_WRITE,
        summary="Look up the addresses of a workflow's webhook",
        description="They are credentials: only who may change the workflow sees them.",
        response=HookDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        f"{_PATH}/rotate",
        rotate,
        needs=Permission.WORKFLOWS_WRITE,
        audit="hook.rotate",
        summary="Replace the secret address of a workflow's webhook",
        description=(
            "Makes a new address and ends those before it, at once or after `graceSeconds`; other servers notice "
            "within 5 s. The address with the workflow's id is closed by the trigger's `address: own`."
        ),
        body=HookRotateBody,
        response=HookDocument,
        status=201,
        tags=_TAGS,
    ),
]
