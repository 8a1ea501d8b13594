"""The API's description: complete, valid, true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from docs import api_page
from engine.models.run import Role
from server import api_models
from server.app import all_routes
from server.description import description
from server.doc_examples import BODIES
from server.docs_page import POLICY
from server.openapi import path_parameters, plain_path
from tests.server.live import Answer, Live, Person, action, fail, greet, webhook

ROOT = Path(__file__).resolve().parents[2]


def every(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from every(item)
    elif isinstance(value, list):
        for item in value:
            yield from every(item)


def test_every_route_is_described() -> None:
    paths = description()["paths"]
    routes = all_routes()
    assert {(route.method.lower(), plain_path(route.path)) for route in routes} == {
        (method, path) for path, methods in paths.items() for method in methods
    }
    for route in routes:
        operation = paths[plain_path(route.path)][route.method.lower()]
        assert operation["summary"], route.path
        assert operation["tags"], route.path
        assert (operation.get("security") == []) == route.public
        named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
        assert named == path_parameters(route.path)
        assert all(one["description"] for one in operation.get("parameters", [])), route.path
        assert str(route.status) in operation["responses"]


def test_names_are_unique_and_references_lead_somewhere() -> None:
    document = description()
    names = Counter(
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    )
    assert [name for name, count in names.items() if count > 1] == []
    for found in every(document):
        reference = found.get("$ref")
        if isinstance(reference, str):
            target = document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]


def test_every_schema_is_valid_and_every_field_explained() -> None:
    for name, schema in description()["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description") or "$ref" in described, f"{name}.{field}"


def test_examples_are_what_the_models_accept() -> None:
    models = {**vars(api_models), **{r.body.__name__: r.body for r in all_routes() if r.body}}
    for name, example in BODIES.items():
        model = models[name]
        assert issubclass(model, BaseModel)
        model.model_validate(example)


def test_the_reference_in_the_docs_is_up_to_date() -> None:
    """`make docs` writes it again."""
    assert (ROOT / "docs/api.md").read_text(encoding="utf-8") == api_page.render()


class Answers:
    """Checks what a server says against what its description says it says."""

    def __init__(self) -> None:
        self.document = description()
        self.seen: set[tuple[str, str, str]] = set()

    def check(self, method: str, path: str, answer: Answer) -> None:
        """The answer's body must fit the schema of its status."""
        template = self.template(method, path.partition("?")[0])
        responses = self.document["paths"][template][method.lower()]["responses"]
        status = str(answer.status)
        described = responses.get(status) or responses["default"]
        if "$ref" in described:
            described = self.document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        if answer.body:
            media = answer.headers["Content-Type"].partition(";")[0]
            schema = described["content"][media]["schema"]
            validator = jsonschema.Draft202012Validator({**schema, "components": self.document["components"]})
            validator.validate(answer.json)
        self.seen.add((method, template, status))

    def template(self, method: str, path: str) -> str:
        """The described path this address belongs to, literal ones first."""
        for template in sorted(self.document["paths"], key=lambda one: one.count("{")):
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            if re.fullmatch(pattern, path) and method.lower() in self.document["paths"][template]:
                return str(template)
        raise AssertionError(f"{method} {path} is not described")


async def test_what_is_said_is_true(server: Live, ali: Person) -> None:
    """Every JSON answer of a long session fits the schema of its status."""
    root = await server.person("root", Role.ADMIN)
    answers = Answers()

    async def ask(method: str, path: str, body: Any = None, who: Person = ali, **more: Any) -> Any:
        answer = await who.call(method, path, body, **more)
        answers.check(method, path, answer)
        return answer.json if answer.body else None

    tick = {"id": "tick", "type": "TRIGGER", "ref": "schedule.cron", "params": {"cron": "0 9 * * *"}, "next": "greet"}
    note = action("note", "core.log", params={"message": "x", "fields": {"n": 1}})
    draft = {"name": "w", "steps": [webhook("greet"), tick, greet(next_step="note"), note]}
    workflow = (await ask("POST", "/api/workflows", draft))["id"]
    await ask("POST", "/api/workflows", {"name": ""})
    await ask("POST", "/api/workflows", raw=b"{")
    await ask(
        "POST", "/api/workflows/validate", {"name": "w", "steps": [{"id": "a", "ref": "data.pick", "params": {}}]}
    )
    fetched = await ask("GET", f"/api/workflows/{workflow}")
    await ask("PUT", f"/api/workflows/{workflow}", fetched)
    await ask("PUT", f"/api/workflows/{workflow}", fetched)
    run = await ask("POST", f"/api/workflows/{workflow}/execute?wait=true", {"data": {"t": "x" * 70_000}})
    await ask("POST", f"/api/workflows/{workflow}/execute", {})
    await ask("POST", f"/api/hooks/{workflow}", {})
    failing = await ali.save(fail())
    failed = await ask("POST", f"/api/workflows/{failing}/execute?wait=true", {})
    (job,) = await ask("GET", f"/api/jobs?runId={failed['id']}")
    for path in (
        "/api/workflows",
        f"/api/workflows/{workflow}/versions",
        f"/api/workflows/{workflow}/versions/1",
        f"/api/workflows/{workflow}/versions/1/diff/2",
        f"/api/workflows/{workflow}/logs",
        f"/api/workflows/{failing}/jobs",
        "/api/runs",
        f"/api/runs/{run['id']}",
        f"/api/runs/{failed['id']}",
        f"/api/runs/{failed['id']}/journal",
        f"/api/jobs/{job['id']}",
        "/api/steps",
        "/api/steps/http.request",
        "/api/steps/nothing",
        "/api/plugins",
        "/api/schedules",
        "/api/me",
        "/api/runs?limit=0",
        f"/api/runs/{'0' * 26}",
        "/api/users",
    ):
        await ask("GET", path)
    await ask("GET", "/api/users", who=root)
    await ask("POST", f"/api/workflows/{workflow}/versions/1/restore")
    await ask("POST", f"/api/workflows/jobs/{job['id']}/retry")
    await ask("POST", f"/api/workflows/jobs/{job['id']}/retry")
    await ask("POST", f"/api/runs/{run['id']}/cancel")
    await ask("POST", f"/api/runs/{run['id']}/rerun", {"from": "note"})
    await ask("DELETE", f"/api/workflows/{workflow}")
    statuses = {status for _, _, status in answers.seen}
    assert {"200", "201", "202", "204", "400", "403", "404", "409", "422"} <= statuses


async def test_what_is_said_for_screens_is_true(ali: Person) -> None:
    """The same for what overviews and editors ask."""
    answers = Answers()
    await ali.run(await ali.save(fail()))
    body = {"document": {"name": "w", "steps": [greet()]}, "stepId": "greet"}
    for method, path, sent in (
        ("GET", "/api/server", None),
        ("GET", "/api/stats?hours=2", None),
        ("GET", "/api/stats?hours=200", None),
        ("GET", "/api/workflows/stats", None),
        ("GET", "/api/workflows/stats?ids=a,b", None),
        ("POST", "/api/workflows/preview", body),
        ("POST", "/api/workflows/try", body),
        ("POST", "/api/workflows/try", {**body, "stepId": "nobody"}),
    ):
        answers.check(method, path, await ali.call(method, path, sent))
    assert {template for _, template, status in answers.seen if status == "200"} >= {
        "/api/server",
        "/api/stats",
        "/api/workflows/stats",
        "/api/workflows/preview",
        "/api/workflows/try",
    }


class Page(HTMLParser):
    """Notes what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name in ("href", "src", "action", "srcset", "background"):
                self.links.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            assert not name.startswith("on")
            assert name != "style"


async def test_the_page_needs_no_network_and_runs_no_script(server: Live) -> None:
    """Row 52: the page is text; nothing on it can act or load."""
    answer = await server.call("GET", "/api/docs")
    text = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    page = Page()
    page.feed(text)
    page.close()
    assert not {"script", "img", "link", "iframe", "form", "object"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    local = [link for link in page.links if link.startswith("#")]
    assert set(page.links) - set(local) == {"/api/openapi.json"}
    assert {link[1:] for link in local} <= page.ids
    operations = [one for methods in description()["paths"].values() for one in methods.values()]
    assert {one["operationId"] for one in operations} <= page.ids
    assert text.count("<pre><code>curl ") == len(operations)


async def test_the_machine_form_is_served(server: Live) -> None:
    answer = await server.call("GET", "/api/openapi.json")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json == description()
    assert answer.json["openapi"] == "3.1.0"


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/api/workflows/"])
async def test_what_is_not_there_is_a_problem_document(server: Live, path: str) -> None:
    answer = await server.call("GET", path)
    assert (answer.status, answer.code) == (404, "not_found")
