"""Rows 22, 23 and 63: what bodies, types, addresses and pages a webhook takes; each refusal names field and cure."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.security.conftest import Lines
from tests.server.live import Live, Person, eventually, greet, webhook

JSON = {"Content-Type": "application/json"}


async def test_one_byte_too_many_is_refused_however_it_is_packed(server: Live, ali: Person) -> None:
    """Row 22: the hook's own limit counts decompressed bytes."""
    path = f"/api/hooks/{await ali.save(webhook('greet', maxBytes=100), greet())}"
    full = json.dumps({"name": "x" * 88}).encode()
    assert len(full) == 100
    assert (await server.call("POST", path, raw=full, headers=JSON)).status == 202
    bomb = gzip.compress(b" " * 5_000_000)
    for raw, more in ((full + b" ", {}), (bomb, {"Content-Encoding": "gzip"})):
        answer = await server.call("POST", path, raw=raw, headers=JSON | more)
        assert (answer.status, answer.code) == (413, "too_large")
        assert "maxBytes" in answer.json["hint"]


async def test_a_body_that_cannot_be_unpacked_leaves_no_traceback(server: Live, ali: Person, logged: Lines) -> None:
    """Rows 23 and 53: answered with 400; whoever may not even log in must not fill the log with faults of theirs."""
    path = f"/api/hooks/{await ali.save(webhook('greet'), greet())}"
    answer = await server.call("POST", path, raw=b"no gzip", headers=JSON | {"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (400, "bad_body")

    async def closed() -> bool:
        return any("a body that cannot be read" in line for line in logged.lines)

    assert await eventually(closed)
    assert not [line for line in logged.lines if "Traceback" in line or "Unhandled" in line]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("application/json", 202),
        ("Application/JSON; charset=utf-8", 202),
        ("text/plain", 202),
        ("application/jsonx", 415),
        ("application/xml", 415),
        (None, 415),
    ],
)
async def test_only_these_types(server: Live, ali: Person, given: str | None, status: int) -> None:
    """Row 23: another type is refused before the body is read."""
    path = f"/api/hooks/{await ali.save(webhook('greet', contentTypes=['application/json', 'text/*']), greet())}"
    headers = {} if given is None else {"Content-Type": given}
    answer = await server.call("POST", path, raw=b"{}", headers=headers)
    assert answer.status == status
    if status == 415:
        assert answer.code == "unsupported_media_type"
        assert "application/json, text/*" in answer.json["hint"]


@pytest.mark.parametrize(
    ("networks", "status"),
    [(["127.0.0.0/8"], 202), (["::1", "127.0.0.1"], 202), (["192.0.2.0/24"], 403), (["::/0"], 403)],
)
async def test_only_from_these_networks(server: Live, ali: Person, networks: list[str], status: int) -> None:
    """Row 64: what a header says of the address counts for nothing."""
    path = f"/api/hooks/{await ali.save(webhook('greet', allowFrom=networks), greet())}"
    answer = await server.call("POST", path, {}, headers={"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=::1"})
    assert answer.status == status
    if status == 403:
        assert answer.code == "address_not_allowed"
        assert "allowFrom" in answer.json["hint"]


SCHEMA = {
    "type": "object",
    "required": ["email"],
    "properties": {"email": {"type": "string", "minLength": 3}, "n": {"type": "integer"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"email": "a@b", "n": 1}, []),
        ({}, ["data.email"]),
        ({"email": 1, "n": "x"}, ["data.email", "data.n"]),
        ({"email": "a@b", "more": 1}, ["data.more"]),
        ([1], ["data.email", "data.body"]),
    ],
)
async def test_a_body_that_does_not_fit_names_its_fields(
    server: Live, ali: Person, value: Any, fields: list[str]
) -> None:
    """Row 23: 422, and nothing is started."""
    path = f"/api/hooks/{await ali.save(webhook('greet', bodySchema=SCHEMA), greet())}"
    answer = await server.call("POST", path, value)
    assert answer.status == (422 if fields else 202)
    if fields:
        assert answer.code == "webhook_data"
        assert [problem["field"] for problem in answer.json["problems"]] == fields
    assert len(await ali.get("/api/runs")) == (0 if fields else 1)


ORIGIN = "https://app.example.com"


async def test_no_page_may_call_unless_it_is_named(server: Live, ali: Person) -> None:
    """Row 63: CORS is off by default, names its origins, and never goes with cookies."""
    off = f"/api/hooks/{await ali.save(webhook('greet'), greet())}"
    on = f"/api/hooks/{await ali.save(webhook('greet', cors={'origins': [ORIGIN]}, maxBytes=50), greet())}"
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    for method, headers in (("POST", {"Origin": ORIGIN}), ("OPTIONS", asking)):
        answer = await server.call(method, off, headers=headers)
        assert not any(name.lower().startswith("access-control") for name in answer.headers)
    preflight = await server.call("OPTIONS", on, headers=asking)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert preflight.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    for raw, status in ((b"{}", 202), (b"x" * 51, 413), (b'{"a":NaN}', 400)):
        answer = await server.call("POST", on, raw=raw, headers={"Origin": ORIGIN, **JSON})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)
        assert answer.headers["Vary"] == "Origin"
    for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example", "http://app.example.com"):
        for method in ("POST", "OPTIONS"):
            answer = await server.call(method, on, headers={**asking, "Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in {*preflight.headers, *answer.headers}


async def test_every_page_may_call_when_that_is_said(server: Live, ali: Person) -> None:
    """Row 63: a wildcard never comes with credentials."""
    path = f"/api/hooks/{await ali.save(webhook('greet', cors={'origins': ['*']}), greet())}"
    answer = await server.call("POST", path, {}, headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_the_answer_is_always_the_same_when_that_is_said(server: Live, ali: Person) -> None:
    """R1: it is sent once the run is on disk."""
    said = {"status": 201, "headers": {"X-Mine": "1"}, "body": {"ok": True}}
    path = f"/api/hooks/{await ali.save(webhook('greet', respond='static', answer=said), greet())}"
    for _ in range(2):
        answer = await server.call("POST", path, {}, headers={"webhook-id": "m1"})
        assert (answer.status, answer.json, answer.headers["X-Mine"]) == (201, {"ok": True}, "1")
        assert (await ali.get(f"/api/runs/{answer.headers['X-Run-Id']}"))["status"] == "SUCCESS"
    assert len(await ali.get("/api/runs")) == 1
    empty = f"/api/hooks/{await ali.save(webhook('greet', respond='static'), greet())}"
    answer = await server.call("POST", empty, {})
    assert (answer.status, answer.body) == (200, b"")
