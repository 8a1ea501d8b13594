"""Row 41: every route with an id in its path, asked for somebody else's things in every role, and by an API key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from server.guard import HEADER
from server.permissions import Permission
from server.routing import Route
from tests.security.teams import Team, make_team, name_of
from tests.security.test_row_41_roles import LEAST, ROLES
from tests.server.live import UNKNOWN, Answer, Live, Person
from tests.server.test_idor import OWNED, Things, ask, said, things_of

NOTHING = Things(*[UNKNOWN] * 10)
PERSONAL_LISTS = ("/api/me/", "/api/keys/")


def _rank(route: Route) -> int:
    """The place among the roles of the least that may use the route; any role will do for some."""
    needed = LEAST[name_of(route)]
    return ROLES.index(needed) if needed in ROLES else 0


def _expected(route: Route, role: str) -> tuple[int, str]:
    if route.within is None and ROLES.index(role) < _rank(route):
        return 403, "role_too_low"
    return 404, "not_found"


@pytest.mark.parametrize("role", ROLES)
async def test_no_role_tells_a_foreign_id_from_an_unknown_one(server: Live, ali: Person, role: str) -> None:
    """Row 41: whatever somebody is in a workspace of their own, theirs is the whole of it."""
    team = await make_team(server)
    things, person = await things_of(ali), team.people[role]
    for route in OWNED:
        foreign = await ask(person, route, things.path(route), team.workspace)
        unknown = await ask(person, route, NOTHING.path(route), team.workspace)
        assert (foreign.status, foreign.code) == _expected(route, role), (name_of(route), foreign.body)
        assert said(foreign) == said(unknown), name_of(route)


async def test_neither_does_an_api_key_that_may_do_everything(server: Live, ali: Person) -> None:
    """Row 41: a key acts in its workspace, and choosing another one does not help."""
    team, things = await make_team(server), await things_of(ali)
    key = await _key(team)
    there: list[Mapping[str, str]] = [{}, {HEADER: things.workspace}, {HEADER: ali.user.id}]
    for route in OWNED:
        for headers in there:
            foreign = await _asked(server, key, route, things, headers)
            assert foreign.status in (403, 404), (name_of(route), foreign.body)
            assert said(foreign) == said(await _asked(server, key, route, NOTHING, headers)), name_of(route)


async def test_a_member_of_both_gets_nothing_of_the_one_through_the_other(server: Live) -> None:
    """Row 41: the workspace that was chosen is the border, also for who may cross it."""
    team = await make_team(server)
    owner = team.people["owner"]
    things = await things_of(owner)  # in the personal workspace
    for route in OWNED:
        if route.path.startswith((*PERSONAL_LISTS, "/api/invitations/", "/api/members/")) or route.within is not None:
            continue
        foreign = await ask(owner, route, things.path(route), team.workspace)
        unknown = await ask(owner, route, NOTHING.path(route), team.workspace)
        assert (foreign.status, foreign.code) == (404, "not_found"), name_of(route)
        assert said(foreign) == said(unknown), name_of(route)


async def test_ids_inside_of_documents_tell_nothing_either(server: Live, ali: Person) -> None:
    """Row 41: a workflow that names somebody else's is refused like one that names nothing."""
    eve, things = await server.person("eve"), await things_of(ali)

    def documents(workflow: str) -> list[dict[str, Any]]:
        trigger = {"id": "go", "type": "TRIGGER", "ref": "manual", "next": "call"}
        step = {"id": "call", "type": "ACTION", "ref": "flow.call", "params": {"workflow": workflow}}
        plain = {"name": "w", "steps": [{**trigger, "next": None}]}
        return [{"name": "w", "steps": [trigger, step]}, {**plain, "onFailure": workflow}]

    for foreign, unknown in zip(documents(things.workflow), documents(UNKNOWN), strict=True):
        first = await eve.call("POST", "/api/workflows", foreign)
        second = await eve.call("POST", "/api/workflows", unknown)
        assert (first.status, first.json["problems"][0]["code"]) == (422, "unknown_workflow")
        assert said(second) == _renamed(said(first), things.workflow)


def _renamed(value: Any, old: str) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(inner, old) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, old) for inner in value]
    return value.replace(old, UNKNOWN) if isinstance(value, str) else value


async def _key(team: Team) -> str:
    """An owner's key with every scope there is."""
    wanted = {"name": "all", "scopes": [scope.value for scope in Permission], "days": 1}
    made = await team.call("owner", "POST", "/api/keys", wanted)
    assert made.status == 201, made.body
    return str(made.json["key"])


async def _asked(server: Live, key: str, route: Route, things: Things, headers: Mapping[str, str]) -> Answer:
    person = Person(server, None, key)  # type: ignore[arg-type]
    return await ask(person, route, things.path(route), headers.get(HEADER))
