"""Previews and trials of single steps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import Unavailable
from engine.store import ANYONE, RunFilter
from engine.trial import Wish
from server.bounded import MAX_SIZE
from tests.server.live import UNKNOWN, Answer, Live, Person, action, greet, sleep, webhook

TRIED = ("preview", "try")


def draft(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A document as an editor has it."""
    return {"name": "w", "steps": list(steps), **more}


async def ask(who: Person, what: str, document: Any, step: str, **more: Any) -> Answer:
    return await who.call("POST", f"/api/workflows/{what}", {"document": document, "stepId": step, **more})


async def preview(who: Person, document: Any, step: str, **more: Any) -> Any:
    answer = await ask(who, "preview", document, step, **more)
    assert answer.status == 200, answer.body
    return answer.json


async def attempt(who: Person, document: Any, step: str, **more: Any) -> Any:
    answer = await ask(who, "try", document, step, **more)
    assert answer.status == 200, answer.body
    return answer.json


async def test_a_preview_renders_with_the_values_of_a_run(ali: Person) -> None:
    workflow_id = await ali.save(
        webhook("greet"), greet(next_step="note"), action("note", "core.log", params={"message": "x"})
    )
    run = await ali.run(workflow_id, name="Ada", password="hunter2")
    document = await ali.get(f"/api/workflows/{workflow_id}")
    document["steps"][2]["params"] = {
        "message": "{{greeting}} {{steps.greet.greeting}} {{run.id}}",
        "fields": {"all": "{{data}}", "token": "{{data.password}}"},
    }
    found = await preview(ali, document, "note", runId=run["id"])
    assert found["params"]["message"] == f"Hello Ada Hello Ada {run['id']}"
    assert found["params"]["fields"]["token"] == "••••••"
    assert found["params"]["fields"]["all"]["password"] == "••••••"
    assert (found["problems"], found["truncated"]) == ([], False)
    assert found["scope"]["data"]["greeting"] == "Hello Ada"
    assert found["scope"]["steps"]["greet"] == {"greeting": "Hello Ada"}
    assert found["scope"]["workflow"]["id"] == workflow_id


async def test_a_preview_with_data_sees_no_steps_before(ali: Person) -> None:
    found = await preview(ali, draft(webhook("greet"), greet()), "greet", data={"name": "Ali"})
    assert found["params"] == {"values": {"greeting": "Hello Ali"}}
    assert found["scope"]["steps"] == {"hook": {"name": "Ali"}}
    assert (await preview(ali, draft(greet()), "greet"))["problems"] == [
        {
            "code": "missing_name",
            "message": "the name data.name is missing here",
            "stepId": "greet",
            "field": "params.values.greeting",
        }
    ]


@pytest.mark.parametrize(
    ("ref", "params", "field", "code", "shown"),
    [
        ("core.log", {"message": "{{#a}}", "level": "info"}, "params.message", "template_syntax", "{{#a}}"),
        (
            "core.log",
            {"message": "{{name | nosuch}}"},
            "params.message",
            "template_helper",
            "{{name | nosuch}}",
        ),
        (
            "core.log",
            {"message": "{{name | round}}", "level": "{{level}}"},
            "params.message",
            "template_helper",
            "{{name | round}}",
        ),
        ("core.log", {"message": "{{name}}", "level": "loud"}, "params.level", "bad_value", "Ali"),
        ("core.log", {"message": "{{name}}", "level": "{{name}}"}, "params.level", "bad_value", "Ali"),
        ("core.log", {"message": "{{name}}", "massage": 1}, "params.massage", "unknown_field", "Ali"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_the_rest_is_rendered(
    ali: Person, ref: str, params: dict[str, Any], field: str, code: str, shown: str
) -> None:
    found = await preview(ali, draft(action("a", ref, params=params)), "a", data={"name": "Ali", "level": "info"})
    (problem,) = found["problems"]
    assert (problem["field"], problem["code"], problem["stepId"]) == (field, code, "a")
    assert found["params"]["message"] == shown
    if params.get("level") == "{{level}}":
        assert found["params"]["level"] == "info"


async def test_the_rest_of_the_document_may_be_broken(ali: Person) -> None:
    document = draft(
        action("first", "no.such", "second", params={"x": "{{#"}),
        action("second", "core.log", [{"to": "first", "when": "1 +"}, "nowhere"], params={"message": "{{data.a}}"}),
        {"id": "third", "ref": 7},
        timeoutMs="soon",
    )
    found = await preview(ali, document, "second", data={"a": 1})
    assert (found["params"], found["problems"]) == ({"message": 1}, [])
    unknown = await preview(ali, document, "first")
    assert unknown["params"] == {"x": "{{#"}


async def test_large_values_are_cut(ali: Person) -> None:
    step = action("a", "data.set", params={"values": {"all": "{{data}}"}})
    found = await ask(ali, "preview", draft(step), "a", data={"text": "x" * 50_000, "list": list(range(100_000))})
    assert found.json["truncated"] is True
    assert len(found.body) < 4 * MAX_SIZE
    tried = await attempt(ali, draft(step), "a", data={"text": "x" * 50_000})
    assert tried["truncated"] is True
    assert tried["data"]["all"]["text"].endswith("…")
    said = await attempt(
        ali, draft(action("a", "core.log", params={"message": "{{data.text}}"})), "a", data={"text": "x" * 50_000}
    )
    assert (said["truncated"], len(said["logs"])) == (True, 1)
    assert said["logs"][0]["message"].endswith("…")


async def test_a_trial_runs_the_step_and_writes_nothing_down(server: Live, ali: Person) -> None:
    note = action("note", "core.log", params={"message": "for {{name}}", "fields": {"n": 1}, "level": "warning"})
    tried = await attempt(ali, draft(note), "note", data={"name": "Ali"})
    assert (tried["ok"], tried["error"]) == (True, None)
    (line,) = tried["logs"]
    assert (line["level"], line["message"], line["fields"]) == ("warning", "for Ali", {"n": 1})
    assert tried["durationMs"] >= 0
    routed = await attempt(ali, draft(action("if", "flow.if", params={"condition": "data.n > 1"})), "if", data={"n": 2})
    assert routed["route"] == "true"
    assert (await server.parts.store.runs.page(RunFilter(ANYONE), limit=5)).items == []
    assert (await server.parts.store.runs.feed(None, limit=1))[0].cursor == "0"


async def test_a_trial_continues_what_a_run_saw(ali: Person) -> None:
    workflow_id = await ali.save(greet(next_step="shout"), action("shout", "data.set", params={"values": {"x": 1}}))
    run = await ali.run(workflow_id, name="Ada")
    document = await ali.get(f"/api/workflows/{workflow_id}")
    document["steps"][1]["params"] = {"values": {"loud": "{{greeting}}!"}}
    assert (await attempt(ali, document, "shout", runId=run["id"]))["data"] == {"loud": "Hello Ada!"}


async def test_a_trial_that_fails_says_why(ali: Person) -> None:
    failed = await attempt(
        ali,
        draft(action("a", "core.fail", params={"message": "no {{name}}", "code": "shut"})),
        "a",
        data={"name": "way"},
    )
    assert (failed["ok"], failed["data"]) == (False, None)
    assert (failed["error"]["code"], failed["error"]["message"]) == ("shut", "no way")
    wrong = await attempt(
        ali, draft(action("a", "core.log", params={"message": "x", "level": "{{name}}"})), "a", data={"name": "loud"}
    )
    assert (wrong["ok"], wrong["error"]["code"]) == (False, "invalid_params")
    slow = await attempt(ali, draft(sleep()), "sleep", timeoutMs=50)
    assert slow["error"]["code"] == "timeout"
    strict = await attempt(ali, draft({**sleep(), "timeoutMs": 50}), "sleep")
    assert strict["error"]["code"] == "timeout"
    unknown = await attempt(ali, draft(action("a", "no.such")), "a")
    assert unknown["error"]["code"] == "unknown_ref"


async def test_a_trial_reaches_no_private_address(ali: Person) -> None:
    """Row 58: the same guard as in a run."""
    step = action(
        "get", "http.request", params={"url": "http://169.254.169.254/latest", "headers": {"authorization": "x"}}
    )
    tried = await attempt(ali, draft(step), "get")
    assert tried["error"]["code"] == "http_refused_address"
    assert tried["params"]["headers"] == {"authorization": "••••••"}


async def test_a_trigger_answers_with_its_data(ali: Person) -> None:
    tried = await attempt(ali, draft(webhook("greet"), greet()), "hook", data={"name": "Ali"})
    assert (tried["ok"], tried["data"]) == (True, {"name": "Ali"})


@pytest.mark.parametrize("what", TRIED)
async def test_a_foreign_run_is_unknown(server: Live, ali: Person, what: str) -> None:
    """Row 41."""
    run = await ali.run(await ali.save(greet()), name="secret")
    eve = await server.person("eve")
    for run_id in (run["id"], UNKNOWN):
        answer = await ask(eve, what, draft(greet()), "greet", runId=run_id)
        assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("what", TRIED)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"document": [], "stepId": "a"},
        {"document": draft(), "stepId": "a"},
        {"document": draft(greet()), "stepId": "nobody"},
        {"document": draft(greet()), "stepId": ""},
        {"document": draft(greet()), "stepId": "greet", "data": []},
        {"document": draft(greet()), "stepId": "greet", "runId": UNKNOWN, "data": {}},
        {"document": draft(greet()), "stepId": "greet", "runID": UNKNOWN},
        {"document": {"name": 1, "steps": 2}, "stepId": "greet"},
    ],
)
async def test_questions_that_make_no_sense(ali: Person, what: str, body: Any) -> None:
    answer = await ali.call("POST", f"/api/workflows/{what}", body)
    assert answer.status == 422
    assert answer.json["problems"]


async def test_a_broken_template_is_not_executed(ali: Person) -> None:
    answer = await ask(ali, "try", draft(action("a", "core.log", params={"message": "{{#a}}"})), "a")
    assert (answer.status, answer.json["problems"][0]["field"]) == (422, "params.message")
    assert (await ask(ali, "try", draft(greet()), "greet", timeoutMs=30_001)).status == 422


async def test_trials_are_few_at_a_time_and_end_with_the_engine(server: Live, ali: Person) -> None:
    veli = await server.person("veli")
    trials = server.parts.engine.trials
    under_way = [asyncio.create_task(ask(ali, "try", draft(sleep()), "sleep")) for _ in range(5)]
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = done
    assert (refused.result().status, refused.result().code) == (503, "too_many_trials")
    assert (await attempt(veli, draft(greet()), "greet", data={"name": "V"}))["ok"]
    await server.parts.engine.stop(grace_s=0)
    for task in under_way:
        assert (await task).status == 503
    with pytest.raises(Unavailable):
        await trials.run(Wish(draft(greet()), "greet"), owner=ANYONE, user_id="u")
