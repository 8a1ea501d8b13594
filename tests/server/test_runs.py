"""Reading, cancelling and repeating runs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.live import Live, Person, action, eventually, fail, greet, sleep, webhook


async def test_a_run_tells_everything(server: Live, ali: Person) -> None:
    note = action("note", "core.log", params={"message": "greeted {{data.name}}", "fields": {"n": 1}})
    workflow_id = await ali.save(webhook("greet", respond="result"), greet(next_step="note"), note)
    hooked = await server.call("POST", f"/api/hooks/{workflow_id}?q=1", {"name": "Ali"}, headers={"X-Mine": "yes"})
    run = await ali.get(f"/api/runs/{hooked.headers['X-Run-Id']}")
    assert run["status"] == "SUCCESS"
    assert run["trigger"]["kind"] == "webhook"
    assert run["trigger"]["stepId"] == "hook"
    assert run["trigger"]["data"] == {"name": "Ali"}
    assert run["trigger"]["meta"]["query"] == {"q": "1"}
    assert run["trigger"]["meta"]["headers"]["x-mine"] == "yes"
    assert run["data"] == {"name": "Ali", "greeting": "Hello Ali"}
    assert [(step["id"], step["status"], step["attempt"]) for step in run["steps"]] == [
        ("hook", "SUCCESS", 0),
        ("greet", "SUCCESS", 1),
        ("note", "SUCCESS", 1),
    ]
    greeting = run["steps"][1]
    assert greeting["input"] == {"values": {"greeting": "Hello Ali"}}
    assert greeting["output"] == {"greeting": "Hello Ali"}
    assert greeting["startedAt"] <= greeting["finishedAt"]
    said = [(line["type"], line["message"], line["fields"]) for line in run["logs"]]
    assert ("step.log", "greeted Ali", {"n": 1}) in said
    assert said[0][1] == "started by its webhook"
    assert said[-1][:2] == ("run.succeeded", "finished")
    assert run["durationMs"] >= 0

    (logged,) = await ali.get(f"/api/workflows/{workflow_id}/logs")
    assert logged["logs"] == run["logs"]
    assert {key: logged[key] for key in ("id", "status", "workflowName")} == {
        key: run[key] for key in ("id", "status", "workflowName")
    }


async def test_what_one_step_has_called_is_listed_apart(ali: Person) -> None:
    """A map of loops opens each loop's rounds by itself."""

    def each(name: str, **more: Any) -> dict[str, Any]:
        body = {"steps": [action(f"{name}_note", "core.log", params={"message": "{{data.item}}"})]}
        return action(name, "flow.foreach", params={"items": "data.items"}, body=body, **more)

    run = await ali.run(await ali.save(each("one", next="two"), each("two")), items=[1, 2])
    found = await ali.get(f"/api/runs?caller={run['id']}&callerStep=two")
    assert [one["call"]["stepId"] for one in found] == ["two", "two"]
    assert len(await ali.get(f"/api/runs?caller={run['id']}")) == 4
    alone = await ali.call("GET", "/api/runs?callerStep=two")
    assert alone.status == 422
    assert "give that run as caller" in str(alone.json)


async def test_the_journal_is_read_in_parts(ali: Person) -> None:
    run = await ali.run(await ali.save(greet("a", "b"), greet("b")), name="Ali")
    path = f"/api/runs/{run['id']}/journal"
    whole = await ali.get(path)
    assert [event["seq"] for event in whole] == list(range(1, run["seq"] + 1))
    assert whole[0]["type"] == "run.started"
    assert whole[-1]["type"] == "run.succeeded"
    assert {event["runId"] for event in whole} == {run["id"]}
    assert await ali.get(f"{path}?after=3") == whole[3:]
    assert await ali.get(f"{path}?after={run['seq']}") == []
    seen: list[Any] = []
    following = f"{path}?limit=1"
    while following:
        part = await ali.call("GET", following)
        seen += part.json
        following = part.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == whole


async def test_lists_are_filtered(ali: Person) -> None:
    first, second = await ali.save(greet(), name="first"), await ali.save(fail(), name="second")
    one = await ali.run(first, name="Ali")
    two = await ali.run(second)
    again = (await ali.call("POST", f"/api/runs/{one['id']}/rerun", {})).json

    async def ids(query: str) -> list[str]:
        return [run["id"] for run in await ali.get(f"/api/runs?{query}")]

    assert await ids("") == [again["id"], two["id"], one["id"]]
    assert await ids("status=FAILED") == [two["id"]]
    assert await ids("status=FAILED,SUCCESS") == [again["id"], two["id"], one["id"]]
    assert await ids("status=WAITING,FAILED,WAITING") == [two["id"]]
    assert await ids(f"workflowId={first}") == [again["id"], one["id"]]
    assert await ids("trigger=rerun") == [again["id"]]
    assert await ids(f"parentRunId={one['id']}") == [again["id"]]
    assert await ids(f"since={two['createdAt']}") == [again["id"], two["id"]]
    assert await ids("until=1000") == []
    assert await ids("since=2999-01-01T00:00:00%2B02:00") == []
    page = await ali.call("GET", "/api/runs?limit=1")
    assert [run["id"] for run in page.json] == [again["id"]]
    assert await ids(f"limit=1&cursor={page.headers['X-Next-Cursor']}") == [two["id"]]
    names = {run["id"]: run["workflowName"] for run in await ali.get("/api/runs")}
    assert names == {one["id"]: "first", two["id"]: "second", again["id"]: "first"}


@pytest.mark.parametrize(
    "query",
    [
        "status=DONE",
        "status=",
        "status=FAILED,DONE",
        "status=FAILED,",
        "trigger=x",
        "since=yesterday",
        "since=0.5",
        "until=-5",
        "since=2026-01-01",
        "limit=-1",
        "x=1",
    ],
)
async def test_bad_filters_are_refused(ali: Person, query: str) -> None:
    """Row 54: filters are checked values."""
    answer = await ali.call("GET", f"/api/runs?{query}")
    assert answer.status == 422
    assert answer.json["problems"][0]["field"]


async def test_cancelling(ali: Person) -> None:
    """Row 28: a running step is stopped, the run ends as CANCELLED, and no later step starts."""
    run_id = await ali.start(await ali.save(sleep("first", 60_000, "later"), greet("later")))

    async def started() -> Any:
        run = await ali.get(f"/api/runs/{run_id}")
        return run["steps"][0]["status"] == "RUNNING"

    await eventually(started)
    answer = await ali.call("POST", f"/api/runs/{run_id}/cancel")
    assert (answer.status, answer.json["status"]) == (202, "CANCELLED")
    run = await ali.get(f"/api/runs/{run_id}")
    assert {step["id"]: step["status"] for step in run["steps"]} == {"first": "CANCELLED", "later": "CANCELLED"}
    journal = await ali.get(f"/api/runs/{run_id}/journal")
    assert journal[-1]["data"]["by"] == ali.user.id
    again = await ali.call("POST", f"/api/runs/{run_id}/cancel")
    assert (again.status, again.code) == (409, "already_finished")


UNDOABLE = [
    greet("charge", "ship") | {"undo": "refund"},
    greet("refund"),
    sleep("ship", 60_000),
    greet("report"),
]


@pytest.mark.parametrize(
    ("body", "ran"),
    [
        (None, ["charge", "report"]),
        ({}, ["charge", "report"]),
        ({"undo": True}, ["charge", "refund", "report"]),
        ({"force": True}, ["charge"]),
    ],
)
async def test_cancelling_undoes_or_ends_at_once_as_asked(ali: Person, body: Any, ran: list[str]) -> None:
    """Row 28."""
    run_id = await ali.start(await ali.save(*UNDOABLE, **{"finally": ["report"]}))

    async def shipping() -> Any:
        return (await ali.get(f"/api/runs/{run_id}"))["steps"][2]["status"] == "RUNNING"

    await eventually(shipping)
    answer = await ali.call("POST", f"/api/runs/{run_id}/cancel", body)
    assert (answer.status, answer.json["status"]) == (202, "CANCELLED")
    journal = await ali.get(f"/api/runs/{run_id}/journal")
    assert [event["stepId"] for event in journal if event["type"] == "step.succeeded"] == ran
    assert (journal[-1]["type"], journal[-1]["data"]["by"]) == ("run.cancelled", ali.user.id)
    assert bool(journal[-1]["data"].get("forced")) is (body == {"force": True})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"undo": "yes"}, "undo"),
        ({"undo": 1}, "undo"),
        ({"force": None}, "force"),
        ({"undoo": True}, "undoo"),
        ({"undo": True, "force": True}, None),
        ([], None),
        ("undo", None),
    ],
)
async def test_a_bad_way_of_cancelling_is_refused_and_stops_nothing(ali: Person, body: Any, field: str | None) -> None:
    run_id = await ali.start(await ali.save(*UNDOABLE, **{"finally": ["report"]}))
    answer = await ali.call("POST", f"/api/runs/{run_id}/cancel", body)
    assert answer.status == 422
    assert answer.json["problems"][0].get("field") == field
    assert (await ali.get(f"/api/runs/{run_id}"))["status"] in ("QUEUED", "RUNNING")
    await ali.call("POST", f"/api/runs/{run_id}/cancel", {"force": True})


async def test_running_again(ali: Person) -> None:
    workflow_id = await ali.save(
        greet("greet", "shout"), action("shout", "data.set", params={"values": {"loud": "{{data.greeting}}!"}})
    )
    first = await ali.run(workflow_id, name="Ali")

    async def rerun(body: Any) -> Any:
        answer = await ali.call("POST", f"/api/runs/{first['id']}/rerun", body)
        assert answer.status == 202, answer.body
        assert answer.headers["Location"] == f"/api/runs/{answer.json['id']}"

        async def finished() -> Any:
            run = await ali.get(f"/api/runs/{answer.json['id']}")
            return run if run["finishedAt"] else None

        return await eventually(finished)

    whole = await rerun({})
    assert (whole["trigger"]["kind"], whole["parentRunId"]) == ("rerun", first["id"])
    assert whole["data"] == first["data"]
    edited = await rerun({"data": {"name": "Veli"}})
    assert edited["data"]["loud"] == "Hello Veli!"
    part = await rerun({"from": "shout"})
    assert {step["id"]: step["reused"] for step in part["steps"]} == {"greet": True, "shout": False}
    changed = {
        "name": "w",
        "steps": [greet("greet", "shout"), action("shout", "data.set", params={"values": {"loud": 1}})],
    }
    await ali.call("PUT", f"/api/workflows/{workflow_id}", changed)
    assert (await rerun({"from": "shout", "version": "latest"}))["data"]["loud"] == 1
    assert (await rerun({"from": "shout", "version": "same"}))["data"]["loud"] == "Hello Ali!"


async def test_only_what_failed_runs_again(ali: Person) -> None:
    check = action("check", "core.assert", "shout", params={"condition": "data.good == true"})
    workflow_id = await ali.save(greet("greet", "check"), check, action("shout", "data.set", params={"values": {}}))
    first = await ali.run(workflow_id, name="Ali", good=False)
    assert first["status"] == "FAILED"
    path = f"/api/runs/{first['id']}/rerun"
    answer = await ali.call("POST", path, {"only": "failed", "data": {"name": "Ali", "good": True}})
    assert answer.status == 202, answer.body

    async def finished() -> Any:
        run = await ali.get(f"/api/runs/{answer.json['id']}")
        return run if run["finishedAt"] else None

    run = await eventually(finished)
    assert run["status"] == "SUCCESS"
    assert {step["id"]: step["reused"] for step in run["steps"]} == {"greet": True, "check": False, "shout": False}
    refused = await ali.call("POST", f"/api/runs/{run['id']}/rerun", {"only": "failed"})
    assert (refused.status, refused.json["code"]) == (409, "nothing_failed")


@pytest.mark.parametrize(
    "body",
    [
        *({"from": "nowhere"}, {"version": "old"}, {"data": []}, {"form": "greet"}, {"fromStep": "greet"}),
        *({"only": "passed"}, {"only": "failed", "from": "greet"}),
    ],
)
async def test_reruns_that_make_no_sense(ali: Person, body: Any) -> None:
    run = await ali.run(await ali.save(greet()))
    answer = await ali.call("POST", f"/api/runs/{run['id']}/rerun", body)
    assert answer.status == 422
    assert len(await ali.get("/api/runs")) == 1


async def test_large_outputs_are_kept_apart(ali: Person) -> None:
    big = action("big", "data.set", "named", params={"values": {"text": "{{data.text}}"}})
    named = action("named", "data.set", params={"values": {"text": "{{data.text}}"}}, saveAs="copy")
    text = "x" * 100_000
    run = await ali.run(await ali.save(big, named), text=text, small=1)
    assert set(run["trigger"]["data"]) == {"$blob", "size"}
    reference = run["steps"][0]["output"]
    assert set(reference) == {"$blob", "size"}
    blob = await ali.call("GET", f"/api/runs/{run['id']}/blobs/{reference['$blob']}")
    assert (blob.status, blob.json) == (200, {"text": text})
    assert len(blob.body) == reference["size"]
    assert set(run["data"]) == {"copy"}
    assert set(run["data"]["copy"]) == {"$blob", "size"}
    journal = await ali.get(f"/api/runs/{run['id']}/journal")
    assert text not in str(journal)
    assert reference in [event["data"].get("output") for event in journal]
    for ref in ("nothing", "..%2F..%2Fetc%2Fpasswd", "%00", "1.output'--"):
        assert (await ali.call("GET", f"/api/runs/{run['id']}/blobs/{ref}")).status == 404


@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "%ff", "'%20OR%201=1--", "%7B%22$gt%22:%22%22%7D", "x" * 64])
@pytest.mark.parametrize(
    "path",
    [
        "runs?workflowId=",
        "runs?parentRunId=",
        "runs?cursor=",
        "jobs?runId=",
        "jobs?cursor=",
        "workflows?text=",
        "workflows?tag=",
        "workflows/{workflow}/versions?cursor=",
    ],
)
async def test_filters_of_any_shape(ali: Person, path: str, value: str) -> None:
    """Rows 54 and 55: a filter finds nothing or is refused, whatever it says."""
    run = await ali.run(await ali.save(greet()))
    answer = await ali.call("GET", f"/api/{path.replace('{workflow}', run['workflowId'])}{value}")
    if answer.status == 200:
        assert answer.json == []
    else:
        assert answer.status in (400, 422)
        assert answer.code
