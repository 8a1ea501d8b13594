"""The API does what its description says, whatever is sent: requests made from the description itself.

Half of them are as described and half are not. None may end in a 5xx, none of the latter may succeed, and every answer
has a status, a type and a form that the description knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from engine.ids import new_id
from engine.models.run import Role, User
from server.app import all_routes
from server.description import description
from server.openapi import plain_path
from server.passwords import UNUSABLE
from tests.server.live import Live, Person, greet, webhook
from tests.server.served import aside

UNTRIED: Final = frozenset({"/api/events", "/api/runs/{id}/events", "/api/workflows/{id}/events", "/api/auth/logout"})
"""Streams, which do not end, and what ends the session that asks."""


@dataclass
class World:
    """A server with one thing of each kind, whose ids are put into half of the requests."""

    url: str
    token: str
    ids: dict[str, str]
    session: Any

    def path(self, template: str, given: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a path, with real ids where there are some."""
        real = next((found for start, found in self.ids.items() if template.startswith(start)), None)
        return {name: real if real and name in ("id", "workflowId") else value for name, value in given.items()}


async def furnish(server: Live) -> tuple[str, dict[str, str]]:
    """Somebody who may do everything, and what is there to do it with."""
    user = User(new_id(), "root@example.com", UNUSABLE, Role.ADMIN, 0)
    await server.parts.store.users.create(user)
    root = Person(server, user, server.parts.tokens.issue(user))
    workflow = await root.save(webhook("greet"), greet())
    run = await root.run(workflow, name="x")
    made = await root.call("POST", "/api/workspaces", {"name": "Ops"})
    ids = {"/api/workflows/{": workflow, "/api/hooks/{": workflow, "/api/runs/{": run["id"]}
    return root.token, ids | {"/api/workspaces/{": made.json["id"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server, for all operations."""
    import requests

    with aside(tmp_path_factory.mktemp("conformance") / "data") as served:
        token, ids = served.do(furnish)
        with requests.Session() as session:
            yield World(served.live.url, token, ids, session)


def names() -> list[tuple[str, str]]:
    """Method and path of what can be asked; deleting comes last."""
    routes = [(route.method.lower(), plain_path(route.path)) for route in all_routes()]
    return sorted((one for one in routes if one[1] not in UNTRIED), key=lambda one: (one[0] == "delete", one))


@cache
def operations() -> dict[tuple[str, str], Any]:
    """The same, as what requests are made from."""
    import schemathesis  # takes seconds, which those who collect tests need not wait for

    document = {**description()}
    del document["security"]  # the token is always sent, so no request is wrong for want of it
    found: list[Any] = [_usable(result) for result in schemathesis.openapi.from_dict(document).get_all_operations()]
    return {(one.method, one.path): one for one in found}


def _usable(result: Any) -> Any:
    return result.ok()


def modes(operation: Any) -> list[bool]:
    """True for requests as described; wrong ones can be made only where something is said about right ones."""
    said = description()["paths"][operation.path][operation.method]
    says = "requestBody" in said or any(one["in"] == "query" for one in said.get("parameters", ()))
    return [True, False] if says else [True]


def problems(world: World, operation: Any, right: bool, examples: int) -> list[str]:
    """What these requests find wrong."""
    from schemathesis import GenerationMode, checks
    from schemathesis.core.failures import FailureGroup
    from schemathesis.specs.openapi import checks as described_by

    wanted = [
        checks.not_a_server_error,
        described_by.status_code_conformance,
        described_by.content_type_conformance,
        described_by.response_headers_conformance,
        described_by.response_schema_conformance,
        described_by.negative_data_rejection,
    ]
    described = description()["paths"][operation.path][operation.method]["responses"]
    mode = GenerationMode.POSITIVE if right else GenerationMode.NEGATIVE
    found: list[str] = []

    @seed(examples)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(case=operation.as_strategy(mode), real=st.booleans())
    def ask(case: Any, real: bool) -> None:
        if real and case.path_parameters:
            case.path_parameters = world.path(operation.path, case.path_parameters)
        response = case.call(
            base_url=world.url,
            headers={"Authorization": f"Bearer {world.token}"},
            session=world.session,
            timeout=30,
        )
        try:
            case.validate_response(response, checks=wanted)
            assert response.status_code >= 400 or str(response.status_code) in described, "a status nobody expects"
        except (FailureGroup, AssertionError) as error:
            why = "\n".join(map(str, getattr(error, "exceptions", [error])))
            found.append(f"{case.as_curl_command()}: {response.status_code} {response.text[:300]}\n{why}")

    ask()
    return found


def test_no_request_is_answered_otherwise_than_described(world: World) -> None:
    """Rows 23, 54, 55: every operation, some requests each."""
    tried = [(operations()[name], right) for name in names() for right in modes(operations()[name])]
    assert len(tried) > 120
    assert [text for operation, right in tried for text in problems(world, operation, right, 2 if right else 1)] == []


@pytest.mark.long
@pytest.mark.parametrize("name", names(), ids=" ".join)
def test_nor_are_many(world: World, name: tuple[str, str]) -> None:
    """Rows 23, 54, 55: hundreds of requests of each operation."""
    operation = operations()[name]
    assert [text for right in modes(operation) for text in problems(world, operation, right, 100)] == []
