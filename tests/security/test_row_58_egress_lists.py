"""Rows 58, 59: an owner says where the steps of a workspace may connect to, and every run and trial is held to it.

Beside this in tests/plugins/http: test_guard.py for what is never public, in every spelling, through redirects and
names that change; test_pools.py for how lists are judged; test_limits.py and test_request.py for hostile answers (rows
24, 25); test_headers.py for framing headers (row 60).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.http.servers import friendly
from tests.server.live import Answer, Live, Person, action, webhook


def calling(port: int) -> dict[str, Any]:
    return action("call", "http.request", params={"url": f"http://127.0.0.1:{port}/", "timeoutMs": 5000})


async def error_of(person: Person, workflow: str) -> str | None:
    """The code a run of the workflow failed with; None when it did not."""
    run = await person.run(workflow)
    return None if run["status"] == "SUCCESS" else str(run["error"]["code"])


async def allow(person: Person, **lists: list[str]) -> Answer:
    answer = await person.call("PUT", "/api/egress", lists)
    assert answer.status == 200, answer.body
    return answer


async def test_lists_hold_at_once_for_one_workspace_only(server: Live, ali: Person) -> None:
    """Row 58: also for connections that were opened before."""
    ben = await server.person("ben")
    async with friendly() as port:
        mine, other = await ali.save(webhook("call"), calling(port)), await ben.save(webhook("call"), calling(port))
        assert await ali.get("/api/egress") == {"allow": [], "deny": []}
        assert await error_of(ali, mine) is None
        shown = (await allow(ali, deny=["127.0.0.0/8"])).json
        assert shown == {"allow": [], "deny": ["127.0.0.0/8"]} == await ali.get("/api/egress")
        assert await error_of(ali, mine) == "http_not_listed"
        assert await error_of(ben, other) is None
        await allow(ali, allow=[f"127.0.0.1:{port}"])
        assert await error_of(ali, mine) is None
        await allow(ali, allow=[f"127.0.0.1:{port + 1 if port < 65_535 else 1}", "*.example"])
        assert await error_of(ali, mine) == "http_not_listed"
        tried = await ali.call(
            "POST",
            "/api/workflows/try",
            {"document": {"name": "w", "steps": [webhook("call"), calling(port)]}, "stepId": "call", "data": {}},
        )
        assert tried.status == 200, tried.body
        assert b"http_not_listed" in tried.body, "trials are held to it too"
        await allow(ali)
        assert await error_of(ali, mine) is None
    assert [entry["action"] for entry in await ali.get("/api/audit")].count("egress.change") == 4


async def test_a_shared_workspace_has_lists_of_its_own(server: Live, ali: Person) -> None:
    """Row 41: its editors see them, its owners change them, and nobody else does either."""
    shared = (await ali.call("POST", "/api/workspaces", {"name": "ops"})).json["id"]
    there = {"X-FlowDesk-Workspace": shared}
    lists = {"allow": ["api.example.com"], "deny": []}
    assert (await ali.call("PUT", "/api/egress", lists, headers=there)).status == 200
    assert await ali.get("/api/egress") == {"allow": [], "deny": []}
    ben = await server.person("ben")
    assert (await ben.call("GET", "/api/egress", headers=there)).status == 404
    assert (await ben.call("PUT", "/api/egress", lists, headers=there)).status == 404
    assert (await ali.call("GET", "/api/egress", headers=there)).json == lists


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"allow": ["http://api.example.com"]}, "allow[0]"),
        ({"allow": ["ok.example", "10.0.0.0/33"]}, "allow[1]"),
        ({"deny": ["a.example:0"]}, "deny[0]"),
        ({"deny": [""]}, "deny[0]"),
        ({"deny": "a.example"}, "deny"),
        ({"denied": []}, "denied"),
        ({"allow": ["a.example"] * 201}, "allow"),
        ({"allow": [{"$ne": 1}]}, "allow[0]"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(ali: Person, body: Any, field: str) -> None:
    """Row 54 and many more: 422 with the entry, and nothing is changed."""
    answer = await ali.call("PUT", "/api/egress", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["problems"][0]["field"] == field
    assert await ali.get("/api/egress") == {"allow": [], "deny": []}
