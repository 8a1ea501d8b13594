"""Samples, pins and capturing: what is kept for trying a workflow out."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from engine.clock import iso, now_ms
from engine.errors import Invalid, Problem, TooLarge
from engine.jsonio import dumps
from engine.models.workflow import StepId
from engine.practice_rows import Kind, PracticeRow
from server.audit_trail import changed
from server.keys import CAPTURES, STORE, owner_of
from server.permissions import Permission
from server.practice_models import (
    MAX_KEPT_BYTES,
    CaptureBody,
    CaptureDocument,
    PinBody,
    PinDocument,
    SampleBody,
    SampleDocument,
    SampleName,
)
from server.requests import body, json_response, no_content
from server.routing import Route

_NAMES: dict[Kind, TypeAdapter[str]] = {"sample": TypeAdapter(SampleName), "pin": TypeAdapter(StepId)}


async def _workflow_id(request: web.Request) -> str:
    """The workflow in the path; NotFound when it is somebody else's."""
    return (await request.app[STORE].workflows.get(request.match_info["id"], owner=owner_of(request))).id


def _name(request: web.Request, kind: Kind) -> str:
    name = request.match_info["name"]
    try:
        return _NAMES[kind].validate_python(name)
    except ValidationError:
        message = "a name has letters, digits, dots, dashes and underscores, 64 at most"
        raise Invalid(problems=[Problem("bad_name", message, field="name")]) from None


async def _keep(request: web.Request, kind: Kind, value: dict[str, Any]) -> PracticeRow:
    if len(dumps(value)) > MAX_KEPT_BYTES:
        raise TooLarge(f"a {kind} of more than {MAX_KEPT_BYTES:,} bytes is not kept")
    row = PracticeRow(await _workflow_id(request), kind, _name(request, kind), now_ms(), value)
    await request.app[STORE].practice.put(row)
    changed(request, f"{row.workflow_id}/{row.name}", after=row.value)
    return row


async def samples(request: web.Request) -> web.StreamResponse:
    """All samples of a workflow."""
    rows = await request.app[STORE].practice.all(await _workflow_id(request), "sample")
    return json_response([_sample(row) for row in rows])


async def keep_sample(request: web.Request) -> web.StreamResponse:
    """Keep a sample under a name."""
    given = await body(request, SampleBody)
    return json_response(_sample(await _keep(request, "sample", {"data": given.data, "meta": given.meta})))


async def pins(request: web.Request) -> web.StreamResponse:
    """All pins of a workflow."""
    rows = await request.app[STORE].practice.all(await _workflow_id(request), "pin")
    return json_response([_pin(row) for row in rows])


async def keep_pin(request: web.Request) -> web.StreamResponse:
    """Pin an output to a step."""
    given = await body(request, PinBody)
    return json_response(_pin(await _keep(request, "pin", {"output": given.output, "route": given.route})))


async def forget_sample(request: web.Request) -> web.StreamResponse:
    """Forget a sample."""
    return await _forget(request, "sample")


async def forget_pin(request: web.Request) -> web.StreamResponse:
    """Take a pin away."""
    return await _forget(request, "pin")


async def _forget(request: web.Request, kind: Kind) -> web.StreamResponse:
    workflow_id, name = await _workflow_id(request), _name(request, kind)
    await request.app[STORE].practice.delete(workflow_id, kind, name)
    changed(request, f"{workflow_id}/{name}")
    return no_content()


async def capture(request: web.Request) -> web.StreamResponse:
    """Wait for the next webhook."""
    given = await body(request, CaptureBody, default={})
    workflow_id = await _workflow_id(request)
    until = now_ms() + given.seconds * 1000
    await request.app[CAPTURES].arm(workflow_id, until=until, test=given.address == "test")
    return json_response({"until": iso(until)})


async def capturing(request: web.Request) -> web.StreamResponse:
    """Whether a webhook is waited for."""
    until = await request.app[CAPTURES].until(await _workflow_id(request))
    return json_response({"until": None if until is None else iso(until)})


async def stop_capturing(request: web.Request) -> web.StreamResponse:
    """Let webhooks start runs again."""
    await request.app[CAPTURES].disarm(await _workflow_id(request))
    return no_content()


def _sample(row: PracticeRow) -> dict[str, Any]:
    value = row.value
    told = {"name": row.name, "at": iso(row.at), "data": value.get("data"), "meta": value.get("meta")}
    return told | {"verification": value["verification"]} if "verification" in value else told


def _pin(row: PracticeRow) -> dict[str, Any]:
    return {"stepId": row.name, "at": iso(row.at), "output": row.value.get("output"), "route": row.value.get("route")}


_TAGS = ("practice",)
_SAMPLES = "/api/workflows/{id}/samples"
_PINS = "/api/workflows/{id}/pins"
_CAPTURE = "/api/workflows/{id}/capture"

routes = [
    Route(
        "GET",
        _SAMPLES,
        samples,
        needs=Permission.WORKFLOWS_READ,
        summary="List a workflow's samples",
        response=list[SampleDocument],
        tags=_TAGS,
    ),
    Route(
        "PUT",
        _SAMPLES + "/{name}",
        keep_sample,
        needs=Permission.WORKFLOWS_WRITE,
        audit="sample.keep",
        summary="Keep a sample of what a trigger brings",
        description="Rehearsals start with it (`rehearsal.sample`); at most 50 for a workflow.",
        body=SampleBody,
        response=SampleDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        _SAMPLES + "/{name}",
        forget_sample,
        needs=Permission.WORKFLOWS_WRITE,
        audit="sample.forget",
        summary="Forget a sample",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "GET",
        _PINS,
        pins,
        needs=Permission.WORKFLOWS_READ,
        summary="List a workflow's pins",
        response=list[PinDocument],
        tags=_TAGS,
    ),
    Route(
        "PUT",
        _PINS + "/{name}",
        keep_pin,
        needs=Permission.WORKFLOWS_WRITE,
        audit="pin.keep",
        summary="Pin an output to a step, for rehearsals",
        description="`name` is the step's id. Only a rehearsal that asks for them (`keptPins`) uses pins.",
        body=PinBody,
        response=PinDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        _PINS + "/{name}",
        forget_pin,
        needs=Permission.WORKFLOWS_WRITE,
        audit="pin.forget",
        summary="Take a pin away",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "POST",
        _CAPTURE,
        capture,
        needs=Permission.WORKFLOWS_WRITE,
        audit="capture.start",
        summary="Keep the next webhook as a sample, without running",
        description="The sender is answered with 200 and `captured: true`. The sample is called after its time.",
        body=CaptureBody,
        response=CaptureDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        _CAPTURE,
        capturing,
        needs=Permission.WORKFLOWS_READ,
        summary="Ask whether a webhook is waited for",
        response=CaptureDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        _CAPTURE,
        stop_capturing,
        needs=Permission.WORKFLOWS_WRITE,
        audit="capture.stop",
        summary="Let webhooks start runs again",
        status=204,
        tags=_TAGS,
    ),
]
