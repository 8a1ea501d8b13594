"""The registry over the API."""

from __future__ import annotations

from importlib.metadata import version

import jsonschema

from plugins.builtins import BUILTINS
from tests.server.live import Person


async def test_every_kind_of_step_can_be_drawn_as_a_form(ali: Person) -> None:
    kinds = await ali.get("/api/steps")
    refs = [kind["ref"] for kind in kinds]
    assert refs == sorted(refs)
    assert {"http.webhook", "http.request", "data.set", "flow.if", "core.log", "manual"} <= set(refs)
    for kind in kinds:
        jsonschema.Draft202012Validator.check_schema(kind["params"])
        assert kind["title"]
        assert kind["description"]
        assert kind["kind"] in ("TRIGGER", "ACTION")
        for name, field in kind["params"].get("properties", {}).items():
            assert field.get("title") or "$ref" in field, (kind["ref"], name)
        assert await ali.get(f"/api/steps/{kind['ref']}") == kind


async def test_a_name_people_can_read(ali: Person) -> None:
    request = await ali.get("/api/steps/http.request")
    assert request["params"]["properties"]["timeoutMs"]["title"] == "Timeout ms"


async def test_an_unknown_kind_names_the_nearest(ali: Person) -> None:
    answer = await ali.call("GET", "/api/steps/http.requst")
    assert (answer.status, answer.code) == (404, "not_found")
    assert "http.request" in answer.json["hint"]


async def test_where_steps_come_from(ali: Person) -> None:
    plugins = await ali.get("/api/plugins")
    names = {plugin["name"] for plugin in plugins}
    assert set(BUILTINS) <= names
    refs = {ref for plugin in plugins for ref in plugin["refs"]}
    assert refs == {kind["ref"] for kind in await ali.get("/api/steps")}
    built_in = [plugin for plugin in plugins if plugin["source"] == "built in"]
    assert [plugin["error"] for plugin in built_in] == [None] * len(BUILTINS)
    assert {plugin["version"] for plugin in built_in} == {version("flowdesk")}


async def test_which_parameters_hold_expressions(ali: Person) -> None:
    assert (await ali.get("/api/steps/flow.switch"))["expressions"] == ["cases[].when"]
    assert (await ali.get("/api/steps/core.log"))["expressions"] == []
