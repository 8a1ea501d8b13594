"""Looking at one step of a document that is being written, and trying it out."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.clock import iso
from engine.trial import Trial, Wish
from server.bounded import Cutter
from server.keys import ENGINE, owner_of, tenant_of
from server.permissions import Permission
from server.problems import problem_json
from server.requests import body, json_response
from server.routing import Route
from server.trial_models import PreviewBody, PreviewDocument, TrialDocument, TryBody
from server.views import MAX_LOG_LINES


async def preview(request: web.Request) -> web.StreamResponse:
    """Render a step's parameters; nothing is executed."""
    given = await body(request, PreviewBody)
    scene, found = await request.app[ENGINE].trials.preview(
        _wish(given), owner=owner_of(request), user_id=tenant_of(request)
    )
    cut = Cutter()
    document = {
        "params": cut(found.params),
        "problems": [problem_json(problem) for problem in found.problems],
        "scope": {name: cut(value) for name, value in scene.scope.items()},
    }
    return json_response({**document, "truncated": cut.cut})


async def attempt(request: web.Request) -> web.StreamResponse:
    """Execute a step once; nothing is written down."""
    given = await body(request, TryBody)
    trial = await request.app[ENGINE].trials.run(
        _wish(given), owner=owner_of(request), user_id=tenant_of(request), timeout_ms=given.timeout_ms
    )
    return json_response(_trial_document(trial))


def _wish(given: PreviewBody) -> Wish:
    return Wish(given.document, given.step_id, given.run_id, given.data or {})


def _trial_document(trial: Trial) -> dict[str, Any]:
    cut, cut_logs = Cutter(), Cutter()
    document = {
        "ok": trial.result.ok,
        "data": cut(trial.result.data) if trial.result.ok else None,
        "error": cut(trial.error),
        "route": trial.result.goto,
        "params": cut(trial.params),
        "logs": [
            {
                "at": iso(line.at),
                "level": line.level,
                "message": cut_logs(line.message),
                "fields": cut_logs(line.fields),
            }
            for line in trial.lines[-MAX_LOG_LINES:]
        ],
        "durationMs": trial.took_ms,
    }
    return {**document, "truncated": cut.cut or cut_logs.cut}


_TAGS = ("workflows",)

routes = [
    Route(
        "POST",
        "/api/workflows/preview",
        preview,
        needs=Permission.WORKFLOWS_WRITE,
        audit="",
        summary="Render one step's parameters, without running it",
        description=(
            "The document need not be whole or saved. The step sees what it would see in the run `runId`, or the "
            "trigger data `data`."
        ),
        body=PreviewBody,
        response=PreviewDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/workflows/try",
        attempt,
        needs=Permission.WORKFLOWS_WRITE,
        audit="step.try",
        summary="Execute one step alone, once",
        description=(
            "The step is really executed, with whatever effect it has, under the limits of any run and within 30 s; "
            "no run is made and nothing is written down. A trigger answers with the data it would bring. At most "
            "four at a time for each user (503 `too_many_trials`)."
        ),
        body=TryBody,
        response=TrialDocument,
        tags=_TAGS,
    ),
]
