"""Webhooks from the request to the answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.server.live import UNKNOWN, Live, Person, action, eventually, fail, greet, live, sleep, webhook


async def test_accepted_once_on_disk(server: Live, ali: Person) -> None:
    """R1: the answer names a run that a restarted server knows."""
    workflow_id = await ali.save(webhook("greet"), greet())
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {"email": "user@example.com", "name": "Ali"})
    assert answer.status == 202
    assert set(answer.json) == {"runId", "status"}
    assert answer.headers["Location"] == f"/api/runs/{answer.json['runId']}"

    async def finished() -> Any:
        run = await ali.get(f"/api/runs/{answer.json['runId']}")
        return run if run["status"] == "SUCCESS" else None

    run = await eventually(finished)
    assert run["data"] == {"email": "user@example.com", "name": "Ali", "greeting": "Hello Ali"}
    assert run["userId"] == ali.user.id


async def test_what_was_accepted_survives_the_server(tmp_path: Path) -> None:
    """R1: an accepted run is found and finished by the next server on the same data."""
    async with live(tmp_path / "data") as server:
        ali = await server.person("ali")
        workflow_id = await ali.save(webhook("sleep"), sleep(ms=1))
        run_id = (await server.call("POST", f"/api/hooks/{workflow_id}", {})).json["runId"]
        token = ali.token
    async with live(tmp_path / "data") as server:

        async def finished() -> bool:
            run = await server.call("GET", f"/api/runs/{run_id}", token=token)
            assert run.status == 200
            return bool(run.json["status"] == "SUCCESS")

        await eventually(finished)


async def test_the_result_as_the_answer(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("greet", respond="result"), greet())
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {"name": "Ali"})
    assert (answer.status, answer.json) == (200, {"name": "Ali", "greeting": "Hello Ali"})
    run = await ali.get(f"/api/runs/{answer.headers['X-Run-Id']}")
    assert run["status"] == "SUCCESS"


async def test_a_step_can_answer(server: Live, ali: Person) -> None:
    respond = action(
        "respond",
        "http.respond",
        "later",
        params={"status": 201, "headers": {"X-Mine": "{{name}}"}, "body": {"hello": "{{name}}"}},
    )
    workflow_id = await ali.save(webhook("respond", respond="result"), respond, sleep("later", 200))
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {"name": "Ali"})
    assert (answer.status, answer.json) == (201, {"hello": "Ali"})
    assert answer.headers["X-Mine"] == "Ali"
    assert answer.headers["Content-Type"] == "application/json"
    run = await ali.get(f"/api/runs/{answer.headers['X-Run-Id']}")
    assert "hello" not in run["data"]


@pytest.mark.parametrize(
    ("params", "status", "media", "body"),
    [
        ({"body": "plain"}, 200, "text/plain; charset=utf-8", b"plain"),
        ({"body": "<b>x</b>", "headers": {"content-type": "text/html"}}, 200, "text/html", b"<b>x</b>"),
        ({"status": 204}, 204, None, b""),
        ({"status": 404, "body": []}, 404, "application/json", b"[]"),
        ({}, 200, None, b""),
    ],
)
async def test_answers_of_every_kind(
    server: Live, ali: Person, params: dict[str, Any], status: int, media: str | None, body: bytes
) -> None:
    respond = action("respond", "http.respond", params=params)
    workflow_id = await ali.save(webhook("respond", respond="result"), respond)
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {})
    assert (answer.status, answer.body) == (status, body)
    if media is not None:
        assert answer.headers["Content-Type"] == media
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("name", ["X-Split", "Content-Type"])
async def test_an_answer_cannot_be_split(server: Live, ali: Person, name: str) -> None:
    """Rows 60 and 61: line breaks from a caller never start a header of their own."""
    respond = action("respond", "http.respond", params={"headers": {name: "{{value}}"}, "body": "x"})
    workflow_id = await ali.save(webhook("respond", respond="result"), respond)
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {"value": "a\r\nSet-Cookie: evil=1\r\n\r\n<b>"})
    assert answer.status == 500
    assert "Set-Cookie" not in answer.headers
    assert answer.json["error"]["stepId"] == "respond"


async def test_a_failed_run_is_a_problem(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("boom", respond="result"), fail())
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {})
    assert (answer.status, answer.code) == (500, "run_failed")
    assert answer.json["error"]["code"] == "failed"
    assert (await ali.get(f"/api/runs/{answer.json['runId']}"))["status"] == "FAILED"


async def test_a_slow_run_goes_on_after_the_answer(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("sleep", respond="result", timeoutMs=50), sleep(ms=300))
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {})
    assert answer.status == 202
    path = answer.headers["Location"]

    async def finished() -> bool:
        return bool((await ali.get(path))["status"] == "SUCCESS")

    await eventually(finished)


async def test_a_cancelled_run_is_told_to_who_waits(server: Live, ali: Person) -> None:
    """Row 28: cancelling answers the caller too."""
    workflow_id = await ali.save(webhook("sleep", respond="result"), sleep())
    waiting = asyncio.create_task(server.call("POST", f"/api/hooks/{workflow_id}", {}))

    async def running() -> Any:
        return await ali.get("/api/runs?status=RUNNING")

    (run,) = await eventually(running)
    await ali.call("POST", f"/api/runs/{run['id']}/cancel")
    answer = await waiting
    assert (answer.status, answer.code) == (500, "run_cancelled")


async def test_unknown_disabled_and_hookless_look_the_same(server: Live, ali: Person) -> None:
    """Row 47: nobody learns from the answer whether an id exists."""
    off = await ali.save(webhook("greet"), greet(), enabled=False)
    without = await ali.save(greet())
    answers = [
        await server.call(method, f"/api/hooks/{hook}", raw=b"{}" if method == "POST" else None)
        for hook in (UNKNOWN, off, without, "x" * 36, "%00", "'%20OR%201=1")
        for method in ("POST", "GET", "OPTIONS")
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({(answer.json["detail"], answer.json["hint"], answer.code) for answer in answers}) == 1


async def test_a_saved_change_counts_from_the_next_call(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("greet"), greet())
    path = f"/api/hooks/{workflow_id}"
    assert (await server.call("POST", path, {})).status == 202
    for more, status in (({"methods": ["GET"]}, 405), ({}, 202)):
        known = await ali.get(f"/api/workflows/{workflow_id}")
        saved = await ali.call(
            "PUT", f"/api/workflows/{workflow_id}", {**known, "steps": [webhook("greet", **more), greet()]}
        )
        assert saved.status == 200, saved.json
        assert (await server.call("POST", path, {})).status == status


async def test_only_the_chosen_methods_start_runs(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("greet", methods=["GET", "PUT"]), greet())
    path = f"/api/hooks/{workflow_id}"
    refused = await server.call("POST", path, {})
    assert (refused.status, refused.code) == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, PUT"
    assert (await server.call("DELETE", path)).status == 405
    assert (await server.call("GET", f"{path}?name=Ali")).status == 202
    assert (await server.call("PUT", path, {"name": "Ali"})).status == 202
    for method in ("HEAD", "OPTIONS"):
        probe = await server.call(method, path)
        assert (probe.status, probe.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, PUT")
    assert len(await ali.get("/api/runs")) == 2


async def test_a_form_with_a_file_is_data(server: Live, ali: Person) -> None:
    workflow_id = await ali.save(webhook("greet", respond="result"), greet())
    form = aiohttp.FormData()
    form.add_field("name", "Ali")
    form.add_field("file", b"hello", filename="a.txt", content_type="text/plain")
    async with server.session.post(f"{server.url}/api/hooks/{workflow_id}", data=form) as response:
        data = await response.json()
    assert data["greeting"] == "Hello Ali"
    assert data["file"] == {"filename": "a.txt", "contentType": "text/plain", "size": 5, "text": "hello"}


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id", "X-GitHub-Delivery"])
async def test_a_delivery_counts_once(server: Live, ali: Person, header: str) -> None:
    """R6, row 18: deliveries with the same id, also at once, are one run."""
    workflow_id = await ali.save(webhook("greet"), greet())
    path, key = f"/api/hooks/{workflow_id}", {header: "d-1"}
    answers = await asyncio.gather(*(server.call("POST", path, {"n": 1}, headers=key) for _ in range(10)))
    assert [answer.status for answer in answers] == [202] * 10
    assert len({answer.json["runId"] for answer in answers}) == 1
    assert sorted(answer.json.get("duplicate", False) for answer in answers) == [False] + [True] * 9
    other = await server.call("POST", path, {"n": 2}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert len(await ali.get("/api/runs")) == 1


async def test_a_delivery_counts_once_across_a_restart(tmp_path: Path) -> None:
    """R6, row 18: the key is remembered on disk."""
    ids = set()
    workflow_id = ""
    for _ in range(2):
        async with live(tmp_path / "data") as server:
            if not workflow_id:
                workflow_id = await (await server.person("ali")).save(webhook("greet"), greet())
            answer = await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers={"webhook-id": "m1"})
            ids.add(answer.json["runId"])
    assert len(ids) == 1


async def test_a_repeated_call_gets_the_first_ones_result(server: Live, ali: Person) -> None:
    """Row 19: the same answer again, and 409 while there is none yet."""
    respond = action("respond", "http.respond", params={"status": 201, "body": "{{run.id}}"})
    workflow_id = await ali.save(webhook("sleep", respond="result"), sleep(ms=300, next_step="respond"), respond)
    path, key = f"/api/hooks/{workflow_id}", {"Idempotency-Key": "k"}
    waiting = asyncio.create_task(server.call("POST", path, {}, headers=key))

    async def running() -> Any:
        return await ali.get("/api/runs?status=RUNNING")

    await eventually(running)
    early = await server.call("POST", path, {}, headers=key)
    assert (early.status, early.code) == (409, "run_in_progress")
    first = await waiting
    assert first.status == 201
    again = await server.call("POST", path, {}, headers=key)
    assert (again.status, again.body) == (201, first.body)


async def test_keys_of_hooks_and_of_hand_started_runs_are_apart(server: Live, ali: Person) -> None:
    """Row 46: whoever knows the address cannot take the owner's keys."""
    workflow_id = await ali.save(webhook("greet"), greet())
    key = {"Idempotency-Key": "k"}
    hooked = await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=key)
    started = await ali.call("POST", f"/api/workflows/{workflow_id}/execute", {}, headers=key)
    assert hooked.json["runId"] != started.json["id"]


@pytest.mark.parametrize("raw", [b"{", b'{"a":NaN}', b"\xff\xfe"])
async def test_bad_json_starts_nothing(server: Live, ali: Person, raw: bytes) -> None:
    """Row 23: 400, and no run."""
    workflow_id = await ali.save(webhook("greet"), greet())
    answer = await server.call(
        "POST", f"/api/hooks/{workflow_id}", raw=raw, headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.code) == (400, "bad_json")
    assert await ali.get("/api/runs") == []


async def test_no_credential_of_the_caller_is_kept(server: Live, ali: Person) -> None:
    """Row 48: Authorization and Cookie of a caller are masked in the journal."""
    workflow_id = await ali.save(webhook("greet", respond="result"), greet())
    headers = {"Authorization": "Basic c2VjcmV0", "Cookie": "session=c2VjcmV0", "X-Gitlab-Token": "c2VjcmV0"}
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {}, headers=headers)
    journal = await ali.call("GET", f"/api/runs/{answer.headers['X-Run-Id']}/journal")
    assert b"c2VjcmV0" not in journal.body


async def test_a_template_in_the_data_stays_text(server: Live, ali: Person) -> None:
    """Row 37: what a caller sends is never rendered."""
    workflow_id = await ali.save(webhook("greet", respond="result"), greet())
    answer = await server.call("POST", f"/api/hooks/{workflow_id}", {"name": "{{run.id}} {{#x}}"})
    assert answer.json["greeting"] == "Hello {{run.id}} {{#x}}"
