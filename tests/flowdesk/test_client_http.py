"""What the client sends, and what it makes of every kind of answer."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from aiohttp import web

from engine.errors import Problem
from flowdesk.client import Client
from flowdesk.client_http import Limits
from flowdesk.errors import ApiError, BadReply, ClientError, InConflict, Rejected, Unreachable
from tests.flowdesk.serving import serving


class Recorder:
    """Answers everything with `reply` and remembers what was asked."""

    def __init__(self, reply: Any = None, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.reply, self.status, self.headers = {} if reply is None else reply, status, headers
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.sent_headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The handler."""
        self.asked.append(f"{request.method} {request.raw_path}")
        self.bodies.append(await request.read())
        self.sent_headers.append(dict(request.headers))
        return web.json_response(self.reply, status=self.status, headers=self.headers)


async def test_every_call_asks_for_the_right_thing() -> None:
    server = Recorder({"valid": True, "problems": []})
    async with serving(server.answer) as client:
        await client.me()
        await client.login("a@b", "secret")
        await client.register("a@b", "secret")
        await client.ready()
        await client.server()
        await client.step_kind("http.request")
        await client.workflows.get("w")
        await client.workflows.create({"name": "x"})
        await client.workflows.save("w", {"name": "x", "version": 2})
        await client.workflows.delete("w")
        await client.workflows.validate([1])
        await client.workflows.version("w", 3)
        await client.workflows.diff("w", 1, 2)
        await client.workflows.restore("w", 1)
        await client.workflows.execute("w", {"a": 1}, key="k")
        await client.workflows.execute_and_wait("w", timeout_ms=500)
        await client.runs.get("r")
        await client.runs.cancel("r")
        await client.runs.rerun("r", from_step="s", data={"a": 1}, version="latest")
        await client.runs.rerun("r")
        await client.runs.journal("r", after=7, limit=9)
        await client.runs.blob("r", "b")
        await client.jobs.get("j")
        await client.jobs.retry("j")
    assert server.asked == [
        "GET /api/me",
        "POST /api/auth/login",
        "POST /api/auth/register",
        "GET /readyz",
        "GET /api/server",
        "GET /api/steps/http.request",
        "GET /api/workflows/w",
        "POST /api/workflows",
        "PUT /api/workflows/w",
        "DELETE /api/workflows/w",
        "POST /api/workflows/validate",
        "GET /api/workflows/w/versions/3",
        "GET /api/workflows/w/versions/1/diff/2",
        "POST /api/workflows/w/versions/1/restore",
        "POST /api/workflows/w/execute",
        "POST /api/workflows/w/execute?wait=true&timeoutMs=500",
        "GET /api/runs/r",
        "POST /api/runs/r/cancel",
        "POST /api/runs/r/rerun",
        "POST /api/runs/r/rerun",
        "GET /api/runs/r/journal?after=7&limit=9",
        "GET /api/runs/r/blobs/b",
        "GET /api/jobs/j",
        "POST /api/workflows/jobs/j/retry",
    ]
    assert server.bodies[14] == b'{"data":{"a":1}}'
    assert server.sent_headers[14]["Idempotency-Key"] == "k"
    assert server.bodies[18:20] == [b'{"version":"latest","from":"s","data":{"a":1}}', b'{"version":"same"}']
    assert all(headers["Authorization"] == "Bearer t" for headers in server.sent_headers)


async def test_only_what_failed_is_asked_for_by_name() -> None:
    server = Recorder()
    async with serving(server.answer) as client:
        await client.runs.rerun("r", only_failed=True)
    assert server.bodies == [b'{"version":"same","only":"failed"}']


async def test_a_decision_says_only_what_is_given() -> None:
    server = Recorder()
    async with serving(server.answer) as client:
        await client.runs.decide("r", "pay", "done", data=[1], reason="seen")
        await client.runs.decide("r", "pay", "again")
    assert server.asked == ["POST /api/runs/r/decide"] * 2
    assert server.bodies == [
        b'{"stepId":"pay","outcome":"done","data":[1],"reason":"seen"}',
        b'{"stepId":"pay","outcome":"again"}',
    ]


async def test_a_step_is_looked_at_and_tried_with_a_run_or_with_data() -> None:
    problem = {"code": "missing_name", "message": "m", "field": "params.x", "stepId": "s"}
    server = Recorder({"params": {"x": ""}, "problems": [problem], "scope": {"data": {}}, "truncated": False})
    async with serving(server.answer) as client:
        seen = await client.workflows.preview({"name": "w"}, "s", run_id="r")
        await client.workflows.try_step({"name": "w"}, "s", data={}, timeout_ms=500)
    assert seen.problems == [Problem("missing_name", "m", "s", "params.x")]
    assert server.asked == ["POST /api/workflows/preview", "POST /api/workflows/try"]
    assert server.bodies == [
        b'{"document":{"name":"w"},"stepId":"s","runId":"r"}',
        b'{"document":{"name":"w"},"stepId":"s","data":{},"timeoutMs":500}',
    ]


async def test_figures_are_asked_for() -> None:
    server = Recorder()
    async with serving(server.answer) as client:
        await client.runs.stats(hours=48)
        await client.workflows.stats()
        await client.workflows.stats(["a", "b"])
        assert await client.workflows.stats([]) == {}
    assert server.asked == ["GET /api/stats?hours=48", "GET /api/workflows/stats", "GET /api/workflows/stats?ids=a,b"]


async def test_a_list_may_be_asked_for_one_status_or_for_several() -> None:
    server = Recorder([])
    async with serving(server.answer) as client:
        await client.runs.list(status="FAILED", limit=9)
        await client.runs.list(status=["FAILED", "WAITING"])
        await client.runs.list(status=[])
    assert server.asked == [
        "GET /api/runs?status=FAILED&limit=9",
        "GET /api/runs?status=FAILED,WAITING&limit=50",
        "GET /api/runs?limit=50",
    ]


async def test_lists_carry_their_filters_and_their_cursor() -> None:
    server = Recorder([{"id": "x", "name": "n"}], headers={"X-Next-Cursor": "c2"})
    async with serving(server.answer) as client:
        page = await client.workflows.list(text="a b&c", enabled=False, limit=7, cursor="c1")
        await client.runs.list(workflow_id="w", status="FAILED", since="2026-11-23T09:12:00.000Z")
        await client.jobs.list(run_id="r")
        await client.workflows.versions("w")
        await client.workflows.logs("w", limit=3)
        await client.workflows.jobs("w")
    assert page.next_cursor == "c2"
    assert [(item["id"], item["name"]) for item in page.items] == [("x", "n")]
    assert server.asked == [
        "GET /api/workflows?text=a+b%26c&enabled=false&limit=7&cursor=c1",
        "GET /api/runs?workflowId=w&status=FAILED&since=2026-11-23T09:12:00.000Z&limit=50",
        "GET /api/jobs?runId=r&limit=50",
        "GET /api/workflows/w/versions?limit=50",
        "GET /api/workflows/w/logs?limit=3",
        "GET /api/workflows/w/jobs?limit=50",
    ]


async def test_all_pages_are_read_and_names_are_exact() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.query["text"] == "Hello"
        if "cursor" in request.query:
            return web.json_response([{"id": "3", "name": "Hello"}])
        items = [{"id": "1", "name": "Hello"}, {"id": "2", "name": "Hello again"}]
        return web.json_response(items, headers={"X-Next-Cursor": "next"})

    async with serving(handler) as client:
        assert [w["id"] for w in await client.workflows.named("Hello")] == ["1", "3"]


async def test_ids_cannot_leave_their_place_in_the_path() -> None:
    """Row 56: whatever is given as an id stays one segment of the address."""
    server = Recorder()
    async with serving(server.answer) as client:
        await client.runs.get("../../api/me?x=1#y/z")
        await client.workflows.get("a b%2e")
    assert server.asked == [
        "GET /api/runs/..%2F..%2Fapi%2Fme%3Fx=1%23y%2Fz",
        "GET /api/workflows/a%20b%252e",
    ]


async def test_no_token_no_header() -> None:
    server = Recorder()
    async with serving(server.answer, token=None) as client:
        await client.alive()
    assert "Authorization" not in server.sent_headers[0]


async def test_a_problem_document_is_a_typed_error() -> None:
    body = {"code": "version_conflict", "detail": "the current version is 3", "hint": "fetch again", "requestId": "r9"}
    async with serving(Recorder(body, status=409).answer) as client:
        with pytest.raises(InConflict) as caught:
            await client.workflows.save("w", {})
    error = caught.value
    assert (error.status, error.code, error.message) == (409, "version_conflict", "the current version is 3")
    assert (error.hint, error.request_id) == ("fetch again", "r9")


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (200, "<html>welcome</html>", BadReply),
        (200, "[NaN]", BadReply),
        (301, "", BadReply),
        (500, "<html>oops</html>", ApiError),
        (404, "", ApiError),
    ],
)
async def test_answers_of_other_programs(status: int, text: str, kind: type[ClientError]) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={"Location": "https://elsewhere"})

    async with serving(handler) as client:
        with pytest.raises(kind):
            await client.me()


async def test_a_list_must_be_a_list() -> None:
    async with serving(Recorder({"items": []}).answer) as client:
        with pytest.raises(BadReply):
            await client.runs.list()


async def test_a_redirect_does_not_take_the_token_elsewhere() -> None:
    """Row 59: the client never follows, so the token stays with the server it is for."""
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        raise web.HTTPFound("/stolen")

    async with serving(handler) as client:
        with pytest.raises(BadReply, match="/stolen"):
            await client.me()
    assert seen == ["/api/me"]


@pytest.mark.parametrize("value", [{"a": math.inf}, {"a": object()}, {"a": "\ud800"}])
async def test_what_json_cannot_say_is_refused_before_it_is_sent(value: dict[str, Any]) -> None:
    server = Recorder()
    async with serving(server.answer) as client:
        if value == {"a": math.inf}:
            await client.workflows.create(value)  # orjson writes null, as JavaScript does
            assert server.bodies == [b'{"a":null}']
            return
        with pytest.raises(Rejected):
            await client.workflows.create(value)
    assert server.asked == []


async def test_slow_and_absent_servers_are_unreachable() -> None:
    """Row 21: no call waits for ever."""

    async def handler(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handler, limits=Limits(total_s=0.05)) as client:
        with pytest.raises(Unreachable, match="in time"):
            await client.me()
        url = client.url
    async with Client(url) as client:
        with pytest.raises(Unreachable, match=r"cannot reach http.*: connection refused"):
            await client.me()
        assert not client.answered
    async with serving(Recorder(status=404).answer) as client:
        with pytest.raises(ApiError):
            await client.me()
        assert client.answered


@pytest.mark.parametrize("url", ["http://", "nonsense", "http://nowhere.invalid:1"])
async def test_addresses_that_lead_nowhere(url: str) -> None:
    async with Client(url) as client:
        with pytest.raises(Unreachable):
            await client.me()
