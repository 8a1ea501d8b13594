"""Answering by a signed address: a page for people, JSON for programs."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from pydantic import Field

from engine.answers import MAX_ANSWER, Answer, Asker
from engine.errors import BadJson, Conflict, FlowDeskError, Invalid, NotFound
from engine.history import History
from engine.jsonio import parse_json
from engine.models.base import Document
from engine.store import ANYONE
from server.answer_page import HEADERS, answer_data, message_page, question_page
from server.keys import ENGINE, LINKS
from server.problems import answer as problem_of
from server.problems import problem_response, status_of
from server.requests import json_response, read_body, validated
from server.routing import Media, Route
from server.views import questions

BY: Final = Asker("link", ANYONE)
MAX_FIELDS: Final = 200
_ENDED: Final = {"already_decided", "deadline_passed", "no_decision_awaited"}


class LinkAnswer(Document):
    """An answer sent to a signed address."""

    outcome: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """One of the question's outcomes: `approve`, `reject`, `send-back`, or `signal`."""
    data: Any = None
    """What an approval's form asks for, or what a signal brings."""
    reason: str | None = Field(default=None, min_length=1, max_length=1000)
    """Why; the feedback of an approval."""


class LinkAnswered(Document):
    """The answer counts."""

    outcome: str
    """What was decided."""


class Expired(FlowDeskError):
    """The address has expired."""

    code = "link_expired"


async def show(request: web.Request) -> web.StreamResponse:
    """The question. Nothing is decided by looking."""
    try:
        history, question = await _question(request)
    except FlowDeskError as error:
        return _refused(request, error)
    return _page(question_page(history.plan.workflow.name, question))


async def receive(request: web.Request) -> web.StreamResponse:
    """The answer."""
    try:
        history, question = await _question(request)
        given = await _given(request, question)
        answer = Answer(question["stepId"], given.outcome, given.data, given.reason)
    except FlowDeskError as error:
        return _refused(request, error)
    try:
        await request.app[ENGINE].decide(history.row.id, answer, who=BY)
    except Invalid as error:
        if not _wants_page(request):
            return problem_of(error)
        return _page(question_page(history.plan.workflow.name, question, error.problems), 422)
    except FlowDeskError as error:
        return _refused(request, error)
    if _wants_page(request):
        return _page(message_page("Thank you", f"Your answer counts: {given.outcome}."))
    return json_response({"outcome": given.outcome}, status=202, headers={"Cache-Control": "no-store"})


async def _question(request: web.Request) -> tuple[History, dict[str, Any]]:
    """What the address is about, as long as it is asked."""
    link = request.app[LINKS].read(request.match_info["token"])
    if link is None:
        raise NotFound("there is no such address", code="unknown_link", hint="copy the whole address from the message")
    if link.expired:
        raise Expired("the address has expired", hint="ask the sender to look at the run")
    history = await request.app[ENGINE].answers.seen(link.run_id, link.step_id, who=BY)
    for question in questions(history.state):
        if question["stepId"] == link.step_id:
            return history, question
    step = history.state.steps.get(link.step_id)
    if not history.state.finished and step is not None and step.attempt == 0:
        raise Conflict(
            "the run has not come to this question yet", code="not_asked_yet", hint="try it again in a moment"
        )
    raise Conflict("this was decided already, or nobody waits for it any more", code="already_decided")


async def _given(request: web.Request, question: dict[str, Any]) -> LinkAnswer:
    raw = await read_body(request, MAX_ANSWER)
    if request.content_type != "application/x-www-form-urlencoded":
        return validated(parse_json(raw) if raw else {}, LinkAnswer)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadJson(f"the form cannot be read: {error}", code="bad_form") from None
    sent = dict(pairs)
    outcome = sent.get("outcome", "")
    data = answer_data(question["form"], sent) if outcome == "approve" else None
    return validated({"outcome": outcome, "data": data, "reason": sent.get("reason", "").strip() or None}, LinkAnswer)


def _wants_page(request: web.Request) -> bool:
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _refused(request: web.Request, error: FlowDeskError) -> web.StreamResponse:
    status = 410 if isinstance(error, Expired) else status_of(error)
    if not _wants_page(request):
        if isinstance(error, Expired):
            return problem_response(410, error.code, error.message, hint=error.hint)
        return problem_of(error)
    if status >= 500 and error.code != "answer_pending":
        return _page(message_page("Not now", "The server cannot answer just now. Try it again in a moment."), status)
    title = "Decided already" if error.code in _ENDED else "This cannot be answered"
    return _page(message_page(title, str(error)), status)


_PATH = "/api/answers/{token}"
_TAGS = ("runs",)

routes = [
    Route(
        "GET",
        _PATH,
        show,
        public=True,
        summary="See the question behind a signed address",
        description=(
            "Templates make such addresses: `{{run.waits.<step>.url}}`. The page has the question, its form and the "
            "answers; opening it decides nothing. 404 `unknown_link` for a forged address, 410 `link_expired` after 30 "
            "days, 409 `already_decided` when it was used, 409 `not_asked_yet` before the step has begun."
        ),
        response=Media("text/html"),
        tags=_TAGS,
    ),
    Route(
        "POST",
        _PATH,
        receive,
        public=True,
        summary="Answer the question behind a signed address",
        description="JSON from programs, or the page's own form. It works once.",
        body=LinkAnswer,
        response=LinkAnswered,
        status=202,
        also={200: Media("text/html")},
        tags=_TAGS,
    ),
]
