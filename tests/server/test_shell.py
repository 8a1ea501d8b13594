"""The layer around every request: ids, problem documents for everything, and lines that give nothing away."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import BaseModel

from engine import errors
from engine.errors import Problem
from server.logs import JsonLines
from server.problems import TooManyRequests, TooSlow, Unauthenticated, status_of
from server.requests import body, json_response, no_content, query
from server.settings import Settings
from tests.server.wire import ask, connected, read_reply, served

SECRET = "wf-id-that-opens-a-webhook"

STATUSES = {
    errors.Invalid: 422,
    errors.BadJson: 400,
    errors.TooLarge: 413,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.VersionConflict: 409,
    errors.KeyReused: 422,
    errors.Refused: 403,
    errors.Limited: 429,
    errors.Unavailable: 503,
    errors.StoreBusy: 503,
    errors.StoreFull: 507,
    errors.Unusable: 500,
    errors.Unreachable: 500,
    errors.Fenced: 500,
    errors.FlowDeskError: 500,
    Unauthenticated: 401,
    TooSlow: 408,
}


class Thing(BaseModel):
    name: str
    size: int = 0
    model_config = {"extra": "forbid"}


async def raise_it(request: web.Request) -> web.StreamResponse:
    kinds = {kind.__name__: kind for kind in STATUSES}
    raise kinds[request.match_info["kind"]]("it went wrong", hint="do this")


async def crash(request: web.Request) -> web.StreamResponse:
    raise RuntimeError(f"inner detail {SECRET}")


async def invalid(request: web.Request) -> web.StreamResponse:
    raise errors.Invalid(
        problems=[Problem("bad_url", "is no URL", "s1", "params.url", "use http", 1, 2), Problem("b", "c")]
    )


async def thing(request: web.Request) -> web.StreamResponse:
    return json_response((await body(request, Thing)).model_dump())


async def stray(request: web.Request) -> web.StreamResponse:
    return json_response(Thing.model_validate({"name": 5}).model_dump())


async def late(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    raise RuntimeError("too late for a status")


async def redirect(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/elsewhere")


async def hook(request: web.Request) -> web.StreamResponse:
    return no_content() if request.query.get("ok") else json_response(query(request, Thing).model_dump())


async def too_many(request: web.Request) -> web.StreamResponse:
    raise TooManyRequests(retry_after_s=7)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/raise/{kind}", raise_it)
    app.router.add_get("/crash", crash)
    app.router.add_get("/invalid", invalid)
    app.router.add_post("/thing", thing)
    app.router.add_get("/stray", stray)
    app.router.add_get("/late", late)
    app.router.add_get("/redirect", redirect)
    app.router.add_get("/too-many", too_many)
    app.router.add_get("/hooks/{id}", hook)
    async with served(app, Settings()) as port:
        yield port


@pytest.mark.parametrize("kind", STATUSES)
async def test_every_error_has_its_status(port: int, kind: type[errors.FlowDeskError]) -> None:
    reply = await ask(port, "GET", f"/raise/{kind.__name__}")
    assert reply.status == STATUSES[kind] == status_of(kind())
    found = reply.problem()
    assert (found["code"], found["hint"]) == (kind.code, "do this")
    assert ("retry-after" in reply.headers) == (reply.status in (429, 503, 507))
    assert ("www-authenticate" in reply.headers) == (reply.status == 401)


def test_every_error_of_the_engine_is_covered() -> None:
    tree = {item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.FlowDeskError)}
    assert tree <= set(STATUSES)


async def test_too_many_requests_says_when(port: int) -> None:
    reply = await ask(port, "GET", "/too-many")
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert reply.problem()["code"] == "too_many_requests"


async def test_problems_are_listed_with_place_and_hint(port: int) -> None:
    found = (await ask(port, "GET", "/invalid")).problem()
    assert found["problems"] == [
        {
            "code": "bad_url",
            "message": "is no URL",
            "stepId": "s1",
            "field": "params.url",
            "hint": "use http",
            "line": 1,
            "column": 2,
        },
        {"code": "b", "message": "c"},
    ]


async def test_what_was_not_foreseen_says_nothing_of_the_inside(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """Row 48: a crash is a 500 with a request id, and the log has the rest under it."""
    reply = await ask(port, "GET", "/crash")
    assert reply.status == 500
    assert reply.problem()["code"] == "internal"
    assert b"inner detail" not in reply.body
    assert any(record.exc_info and "inner detail" in str(record.exc_info[1]) for record in caplog.records)


async def test_a_crash_after_the_answer_began_breaks_the_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
        received = await asyncio.wait_for(reader.read(), 5)
    assert received.count(b"HTTP/1.1") == 1
    assert not received.endswith(b"0\r\n\r\n")  # never looks complete


async def test_unknown_address_and_method(port: int) -> None:
    reply = await ask(port, "GET", "/nothing/here")
    assert reply.status == 404
    assert reply.problem()["code"] == "not_found"
    reply = await ask(port, "DELETE", "/thing")
    assert reply.status == 405
    assert reply.problem()["code"] == "method_not_allowed"
    assert reply.headers["allow"] == "POST"
    assert (await ask(port, "GET", "/%00%zz/../..")).status in (400, 404)


async def test_unknown_expectation(port: int) -> None:
    reply = await ask(port, "POST", "/thing", b"{}", [("Expect", "magic")])
    assert reply.status == 417
    assert reply.problem()["code"] == "expectation_failed"


async def test_redirects_pass(port: int) -> None:
    reply = await ask(port, "GET", "/redirect")
    assert (reply.status, reply.headers["location"]) == (302, "/elsewhere")


BAD_BODIES = {
    "empty": (b"", 400, "empty_body"),
    "syntax": (b"{", 400, "bad_json"),
    "deep": (b"[" * 10_000, 400, "bad_json"),
    "deep but whole": (b"[" * 500 + b"]" * 500, 400, "json_too_deep"),
    "nan": (b'{"name": NaN}', 400, "bad_json"),
    "utf-16": ('{"name": "x"}'.encode("utf-16"), 400, "bad_json"),
    "bad utf-8": (b'{"name": "\xff"}', 400, "bad_json"),
    "surrogate": (b'{"name": "\\ud800"}', 400, "bad_json"),
    "huge int": (b'{"name": "x", "size": ' + b"9" * 5000 + b"}", 400, "bad_json"),
    "big int": (b'{"name": "x", "size": ' + b"9" * 20 + b"}", 400, "json_big_integer"),
    "not an object": (b"[]", 422, "invalid"),
    "null": (b"null", 422, "invalid"),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
async def test_bad_bodies(port: int, kind: str) -> None:
    """Row 23: bad JSON of any kind is 400, a wrong document 422, whatever the Content-Type says."""
    sent, status, code = BAD_BODIES[kind]
    for content_type in ("application/json; charset=bogus", "text/plain", ""):
        reply = await ask(port, "POST", "/thing", sent, [("Content-Type", content_type)] if content_type else [])
        assert (reply.status, reply.problem()["code"]) == (status, code)


async def test_every_problem_of_a_body_at_once(port: int) -> None:
    found = (await ask(port, "POST", "/thing", b'{"nmae": "x", "size": "big"}')).problem()
    assert [(p["code"], p["field"]) for p in found["problems"]] == [
        ("missing", "name"),
        ("int_parsing", "size"),
        ("unknown_field", "nmae"),
    ]
    assert found["problems"][2]["hint"] == "did you mean name?"
    assert "(and 2 more)" in found["detail"]


async def test_stray_validation_errors_are_the_callers(port: int) -> None:
    assert (await ask(port, "GET", "/stray")).problem()["problems"][0]["field"] == "name"


async def test_queries_are_validated(port: int) -> None:
    found = (await ask(port, "GET", "/hooks/x?size=1&size=abc")).problem()
    assert [p["field"] for p in found["problems"]] == ["name", "size"]


@pytest.mark.parametrize("sent", ["trace-1.a_B", "x" * 64])
async def test_a_harmless_request_id_is_kept(port: int, sent: str) -> None:
    assert (await ask(port, "GET", "/hooks/x?ok=1", headers=[("X-Request-Id", sent)])).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "a<b", "é"])
async def test_other_request_ids_are_replaced(port: int, sent: str) -> None:
    """Row 53."""
    reply = await ask(port, "GET", "/hooks/x?ok=1", headers=[("X-Request-Id", sent)])
    assert reply.headers["x-request-id"] not in (sent, "-", "")


async def test_ids_differ_between_requests_of_a_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        ids = set()
        for _ in range(3):
            writer.write(b"GET /hooks/x?ok=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            ids.add((await read_reply(reader)).headers["x-request-id"])
    assert len(ids) == 3


async def test_log_lines_name_the_route_and_no_path_header_or_query(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 48: a webhook's path is its credential; it, tokens, cookies and queries are never logged."""
    caplog.set_level(logging.DEBUG, "flowdesk")
    secret_headers = [("Authorization", f"Bearer {SECRET}"), ("Cookie", f"c={SECRET}"), ("User-Agent", SECRET)]
    await ask(port, "GET", f"/hooks/{SECRET}?ok={SECRET}", headers=secret_headers)
    await ask(port, "GET", f"/hooks/{SECRET}?key={SECRET}", headers=secret_headers)
    await ask(port, "GET", f"/no-route/{SECRET}", headers=secret_headers)
    await ask(port, "PUT", f"/hooks/{SECRET}", headers=secret_headers)
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "flowdesk.http"]
    assert [(json.loads(line)["route"], json.loads(line)["status"]) for line in lines] == [
        ("/hooks/{id}", 204),
        ("/hooks/{id}", 422),
        ("(none)", 404),
        ("(none)", 405),
    ]
    assert SECRET not in "".join(JsonLines().format(record) for record in caplog.records)


async def test_successful_requests_cost_no_line_by_default(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "flowdesk")
    await ask(port, "GET", "/hooks/x?ok=1")
    await ask(port, "GET", "/nothing")
    assert [record.getMessage() for record in caplog.records] == ["GET (none) 404"]
