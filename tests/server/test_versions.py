"""History: reading, comparing and restoring versions."""

from __future__ import annotations

import pytest

from tests.server.live import Person, greet


async def test_history_comparison_and_restoring(ali: Person) -> None:
    workflow_id = await ali.save(greet(), name="one", timezone="UTC")
    path = f"/api/workflows/{workflow_id}"
    first = await ali.get(path)
    second = dict(first, name="two", steps=[{**first["steps"][0], "params": {"values": {"greeting": "Hi"}}}])
    assert (await ali.call("PUT", path, second)).status == 200

    history = await ali.get(f"{path}/versions")
    assert [(item["version"], item["name"], item["steps"], item["savedBy"]) for item in history] == [
        (2, "two", 1, ali.user.id),
        (1, "one", 1, ali.user.id),
    ]
    page = await ali.call("GET", f"{path}/versions?limit=1")
    assert len(page.json) == 1
    rest = await ali.get(f"{path}/versions?limit=1&cursor={page.headers['X-Next-Cursor']}")
    assert [item["version"] for item in rest] == [1]

    assert await ali.get(f"{path}/versions/1") == first
    assert await ali.get(f"{path}/versions/1/diff/2") == {
        "from": 1,
        "to": 2,
        "changes": [
            {"path": "name", "kind": "changed", "before": "one", "after": "two"},
            {
                "path": "steps.greet.params.values.greeting",
                "kind": "changed",
                "before": "Hello {{data.name}}",
                "after": "Hi",
            },
        ],
    }
    assert (await ali.get(f"{path}/versions/2/diff/2"))["changes"] == []

    restored = await ali.call("POST", f"{path}/versions/1/restore")
    assert (restored.status, restored.json["version"], restored.json["name"]) == (200, 3, "one")
    assert (await ali.get(f"{path}/versions/1/diff/3"))["changes"] == []
    assert (await ali.run(workflow_id, name="Ali"))["data"]["greeting"] == "Hello Ali"


@pytest.mark.parametrize("number", ["0", "9", "-1", "x", "1e3", "99999999999999999999", "%00"])
async def test_versions_that_are_not_there(ali: Person, number: str) -> None:
    workflow_id = await ali.save(greet())
    base = f"/api/workflows/{workflow_id}/versions"
    for method, path in (
        ("GET", f"{base}/{number}"),
        ("GET", f"{base}/1/diff/{number}"),
        ("POST", f"{base}/{number}/restore"),
    ):
        answer = await ali.call(method, path)
        assert (answer.status, answer.code) == (404, "not_found")
