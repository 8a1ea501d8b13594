"""Row 38: conditions that would run code, or for ever, from the API to the end of the run."""

from __future__ import annotations

import time

import pytest

from tests.server.live import Person, action, webhook

_BUDGET_S = 10.0


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true') == 0",
        "data.name.__class__ == 'str'",
        "open('/etc/passwd') != ''",
        "eval('1') == 1",
        "(lambda: true)()",
        "env.HOME != ''",
    ],
)
async def test_no_code_is_run(ali: Person, condition: str) -> None:
    """Row 38: refused at save, or an error of the step that names what is not there."""
    step = action("check", "core.assert", params={"condition": condition})
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("check"), step]})
    if answer.status == 201:
        run = await ali.run(answer.json["id"], name="Ada")
        assert (run["status"], run["error"]["stepId"]) == ("FAILED", "check")
    else:
        assert (answer.status, answer.json["problems"][0]["stepId"]) == (422, "check"), answer.body


@pytest.mark.parametrize(
    "condition",
    [
        "data.text.matches('^(a+)+$')",
        "data.text.matches('(a|aa)+$')",
        "data.rows.all(a, data.rows.all(b, data.rows.all(c, data.rows.all(d, a + b + c + d >= 0))))",
        "data.text.matches(data.pattern)",
    ],
)
async def test_nothing_runs_for_ever(ali: Person, condition: str) -> None:
    """Row 38: patterns take linear time, and what multiplies is stopped; others are served meanwhile and afterwards."""
    step = action("check", "core.assert", params={"condition": condition})
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("check"), step]})
    begun = time.monotonic()
    if answer.status == 201:
        data = {"text": "a" * 50_000 + "!", "rows": list(range(200)), "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}
        assert (await ali.run(answer.json["id"], **data))["status"] == "FAILED"
    else:
        assert answer.status == 422, answer.body
    assert (await ali.call("GET", "/api/me")).status == 200
    assert time.monotonic() - begun < _BUDGET_S


async def test_what_looks_like_a_condition_in_data_stays_text(ali: Person) -> None:
    """Row 38: whoever calls decides nothing."""
    step = action("check", "core.assert", params={"condition": "data.name == 'Ada'"})
    run = await ali.run(await ali.save(webhook("check"), step), name="x' || true || '")
    assert run["status"] == "FAILED"
