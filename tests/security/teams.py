"""A shared workspace with one person of each role, and somebody who has nothing to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.ids import new_id
from engine.tenancy import MemberRole
from server.app import all_routes
from server.doc_examples import BODIES
from server.guard import HEADER
from server.routing import Route
from tests.server.live import Answer, Live, Person


@dataclass(slots=True)
class Team:
    """The people of one shared workspace."""

    workspace: str
    people: dict[str, Person]
    stranger: Person

    @property
    def chosen(self) -> dict[str, str]:
        """The header that chooses the workspace."""
        return {HEADER: self.workspace}

    async def call(self, who: str, method: str, path: str, body: Any = None) -> Answer:
        """A request of this role's person in the workspace."""
        return await self.people[who].call(method, path, body, headers=self.chosen)


async def make_team(server: Live, name: str = "Ops") -> Team:
    """A workspace whose members joined by invitation, as people do."""
    mark = new_id()
    people = {role.value: await server.person(f"{role.value}-{mark}") for role in MemberRole}
    owner = people["owner"]
    made = await owner.call("POST", "/api/workspaces", {"name": name})
    assert made.status == 201, made.body
    team = Team(made.json["id"], people, await server.person(f"stranger-{mark}"))
    for role, person in people.items():
        if role != "owner":
            written = await team.call("owner", "POST", "/api/invitations", {"email": person.user.email, "role": role})
            assert written.status == 201, written.body
            joined = await person.call("POST", "/api/invitations/accept", {"invitation": written.json["code"]})
            assert (joined.status, joined.json["role"]) == (200, role), joined.body
    return team


def locked_routes() -> list[Route]:
    """Every route that asks for a token but not for an administrator; what ends a workspace comes last."""
    found = [route for route in all_routes() if not route.public and not route.admin]
    return sorted(found, key=lambda route: (route.path.startswith("/api/workspaces/"), route.method == "DELETE"))


def name_of(route: Route) -> str:
    """A route as people write it."""
    return f"{route.method} {route.path}"


def body_of(route: Route) -> Any:
    """An example of what the route takes."""
    return BODIES.get(route.body.__name__) if route.body is not None else None
