"""What people and programs tell runs: answers to their questions, and signals."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.answers import MAX_ANSWER, Answer, Asker
from engine.errors import NotFound
from engine.ids import derived_id
from engine.jsonio import parse_json
from engine.store import ANYONE
from server.api_models import DecideBody
from server.audit_trail import changed
from server.idempotency import KEY_HEADER, key_of
from server.keys import ENGINE, PLACE, USER, owner_of
from server.permissions import Permission, Standing
from server.reading import summary
from server.requests import body, json_response, read_body
from server.routing import Route
from server.run_documents import Question, RunSummary
from server.views import questions

NOBODYS = ""
"""Whose runs somebody steers who may not steer any here: none, but for those that name them as a decider."""


def asker(request: web.Request, needed: Permission) -> Asker:
    """Who asks, as the engine knows people; without this permission only a decider that a workflow names."""
    user = request[USER]
    sees = owner_of(request) if request[PLACE].allows(needed) else NOBODYS
    return Asker(user.id, sees, user.email, user.role.value)


async def asked(request: web.Request) -> web.StreamResponse:
    """What a run asks of whoever asks."""
    who = asker(request, Permission.RUNS_READ)
    history = await request.app[ENGINE].answers.seen(request.match_info["id"], None, who=who)
    mine = who.sees in (ANYONE, history.row.user_id)
    found = questions(history.state)
    return json_response([one for one in found if mine or who.is_among(one["deciders"])])


async def decide(request: web.Request) -> web.StreamResponse:
    """Answer what a run asks."""
    given = await body(request, DecideBody, MAX_ANSWER)
    answer = Answer(given.step_id, given.outcome, given.data, given.reason)
    who = asker(request, Permission.RUNS_WRITE)
    try:
        row = await request.app[ENGINE].decide(request.match_info["id"], answer, who=who)
    except NotFound:
        request[PLACE].demand(Permission.RUNS_WRITE)
        raise
    changed(request, row.id, workspace_id=row.user_id)
    return json_response(await summary(request.app, row), status=202)


async def signal(request: web.Request) -> web.StreamResponse:
    """Send a run a signal."""
    raw = await read_body(request, MAX_ANSWER)
    data: Any = parse_json(raw) if raw else None
    run_id, name = request.match_info["id"], request.match_info["name"]
    key = key_of(request, KEY_HEADER)
    # Kept short and apart from ids of ours, whatever the caller's key looks like.
    message_id = None if key is None else derived_id(0, "signal", name, key)
    row = await request.app[ENGINE].signal(
        run_id, name, data, who=asker(request, Permission.RUNS_WRITE), message_id=message_id
    )
    changed(request, row.id, workspace_id=row.user_id)
    return json_response(await summary(request.app, row), status=202)


_TAGS = ("runs",)

routes = [
    Route(
        "GET",
        "/api/runs/{id}/questions",
        asked,
        needs=Standing.PRESENT,
        summary="List what a run asks of you",
        description=(
            "Those who may decide about an approval see its question here, even when the run is not theirs; everybody "
            "else gets 404."
        ),
        response=list[Question],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/runs/{id}/decide",
        decide,
        needs=Standing.PRESENT,
        audit="run.decide",
        summary="Answer what a run asks",
        description=(
            "The run's `questions` say what can be answered now, while other branches of it work, too: an approval, a "
            "signal, or whether a `once` step happened that was under way when its process died. Of several answers "
            "one counts; the others get 409: `already_decided`, `deadline_passed` or `no_decision_awaited`. 422 for an "
            "answer that does not fit, with the field. 503 `answer_pending` when the process that executes the run "
            "says nothing for ten seconds: the answer is kept, and may still count."
        ),
        body=DecideBody,
        response=RunSummary,
        status=202,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/runs/{id}/signals/{name}",
        signal,
        needs=Permission.RUNS_WRITE,
        audit="run.signal",
        summary="Send a run a signal",
        description=(
            "The body is any JSON value of at most 64 kB, or nothing; it is the output of the `flow.wait` step that "
            "waits for the signal, or of the first one that will. 202 once it is on disk. The same `Idempotency-Key` "
            "twice is one signal. 409 `already_finished`, 422 `unknown_signal` for a name no step waits for."
        ),
        response=RunSummary,
        status=202,
        tags=_TAGS,
    ),
]
