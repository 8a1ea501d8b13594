"""Whose is it: every route with an id in its path, taken from the route table itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from engine.models.run import Role
from server.app import all_routes
from server.doc_examples import BODIES
from server.openapi import path_parameters
from server.routing import Route
from tests.server.live import Answer, Live, Person, action, webhook

UNKNOWN = "0" * 26
UNOWNED = {"/api/steps/{ref}"}
OWNED = [
    route
    for route in all_routes()
    if path_parameters(route.path) and not route.public and not route.admin and route.path not in UNOWNED
]
# What ends a thing comes after what needs it.
OWNED.sort(key=lambda route: (route.method == "DELETE", route.path.startswith("/api/workspaces")))
PERSONAL = ("/api/me/", "/api/keys/", "/api/members/", "/api/invitations/")
"""Whose is asked of the chosen workspace, or of the caller alone; an administrator has to choose, too."""


@dataclass(slots=True)
class Things:
    """One of everything."""

    workflow: str
    run: str
    job: str
    blob: str
    secret: str
    workspace: str
    user: str
    key: str
    session: str
    invitation: str

    def path(self, route: Route) -> str:
        """The route's address with these things in it."""
        values = {"jobId": self.job, "ref": self.blob, "n": "1", "a": "1", "b": "2", "userId": self.user}
        values |= {"scheduleId": "cron", "name": self.secret if route.path.startswith("/api/secrets/") else "go"}
        by_prefix = {
            "/api/runs/": self.run,
            "/api/workspaces/": self.workspace,
            "/api/keys/": self.key,
            "/api/me/sessions/": self.session,
            "/api/invitations/": self.invitation,
        }
        values["id"] = next((one for start, one in by_prefix.items() if route.path.startswith(start)), self.workflow)
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], route.path)


async def things_of(person: Person) -> Things:
    """One of everything, made by this person."""
    check = action("check", "core.assert", params={"condition": "has(data.name)"})
    workflow = await person.save(webhook("check"), check, scheduleCron="0 9 * * *")
    document = await person.get(f"/api/workflows/{workflow}")
    await person.call("PUT", f"/api/workflows/{workflow}", document)
    run = await person.run(workflow, text="x" * 100_000)
    (job,) = await person.get(f"/api/workflows/{workflow}/jobs")
    secret = {"name": "TOKEN", "value": "a secret of mine"}
    assert (await person.call("POST", "/api/secrets", secret)).status == 201
    workspace = (await person.call("POST", "/api/workspaces", {"name": "Shared"})).json["id"]
    key = await person.call("POST", "/api/keys", {"name": "k", "scopes": ["runs:read"], "days": 1})
    session, _ = await person.live.parts.sessions.begin(person.user.id, address="", agent="")
    there = {"X-FlowDesk-Workspace": workspace}
    invitation = await person.call("POST", "/api/invitations", {"email": "new@example.com"}, headers=there)
    blob = run["trigger"]["data"]["$blob"]
    ids = (workspace, person.user.id, key.json["id"], session.id, invitation.json["id"])
    return Things(workflow, run["id"], job["id"], blob, "TOKEN", *ids)


async def ask(person: Person, route: Route, path: str, workspace: str | None = None) -> Answer:
    """One request; a stream is opened and left."""
    chosen = {} if workspace is None else {"X-FlowDesk-Workspace": workspace}
    if path.endswith("/events"):
        headers = {"Authorization": f"Bearer {person.token}", **chosen}
        async with person.live.session.get(person.live.url + path, headers=headers) as response:
            body = b"" if response.status == 200 else await response.read()
            return Answer(response.status, response.headers.copy(), body)
    document = BODIES[route.body.__name__] if route.body else None
    return await person.call(route.method, path, document, headers=chosen)


def said(answer: Answer) -> dict[str, Any]:
    """The problem without what differs by request."""
    problem: dict[str, Any] = answer.json
    del problem["requestId"]
    return problem


async def test_foreign_and_unknown_ids_are_answered_alike(server: Live, ali: Person) -> None:
    """Row 41: somebody else's id is a 404 that says the same as for an unknown one, on every route."""
    eve = await server.person("eve")
    things = await things_of(ali)
    nothing = Things(*[UNKNOWN] * 10)
    assert len(OWNED) > 15
    for route in OWNED:
        foreign, unknown = await ask(eve, route, things.path(route)), await ask(eve, route, nothing.path(route))
        where = f"{route.method} {route.path}"
        assert (foreign.status, foreign.code) == (404, "not_found"), where
        assert (unknown.status, unknown.code) == (404, "not_found"), where
        assert said(foreign) == said(unknown), where
        shared = things.workspace if route.path.startswith("/api/invitations/") else None
        own = await ask(ali, route, things.path(route), shared)
        assert own.status != 404, (where, own.body)
        assert own.status < 500, (where, own.body)


async def test_lists_and_filters_show_only_what_is_mine(server: Live, ali: Person) -> None:
    """Row 41: filters by somebody else's id find nothing."""
    eve = await server.person("eve")
    things = await things_of(ali)
    for path in (
        "/api/workflows",
        "/api/runs",
        "/api/jobs",
        "/api/schedules",
        "/api/secrets",
        f"/api/runs?workflowId={things.workflow}",
        f"/api/runs?parentRunId={things.run}",
        f"/api/jobs?runId={things.run}",
        f"/api/jobs?workflowId={things.workflow}",
    ):
        assert await eve.get(path) == [], path
    foreign = await eve.call("GET", f"/api/schedules?workflowId={things.workflow}")
    unknown = await eve.call("GET", f"/api/schedules?workflowId={UNKNOWN}")
    assert (foreign.status, said(foreign)) == (404, said(unknown))


async def test_administrators_see_everything(server: Live, ali: Person) -> None:
    """Row 41: the one exception; but an administrator has no use for somebody else's secrets."""
    root = await server.person("root", Role.ADMIN)
    things = await things_of(ali)
    for route in OWNED:
        if route.path.startswith(PERSONAL):
            continue
        answer = await ask(root, route, things.path(route))
        known = answer.status not in (403, 404)
        assert known != route.path.startswith("/api/secrets/"), f"{route.method} {route.path}"


@pytest.mark.parametrize("route", [r for r in all_routes() if not r.public], ids=lambda r: f"{r.method} {r.path}")
async def test_every_other_route_asks_who_is_there(server: Live, route: Route) -> None:
    """Row 39: without a token every route that is not public answers 401, whatever is asked of it."""
    path = re.sub(r"\{\w+\}", UNKNOWN, route.path)
    for token in (None, "", "abc", "e30.e30."):
        answer = await server.call(route.method, path, token=token)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "shape",
    ["%00", "%ED%A0%80", "%ff", "x" * 2000, "..%2F..%2Fetc%2Fpasswd", "'%20OR%201=1--", '{"$gt":""}', "%F0%9F%92%A5"],
)
async def test_ids_of_any_shape_are_unknown(ali: Person, shape: str) -> None:
    """Rows 41, 54 and 55: whatever stands where an id should be is only ever compared."""
    hook = await ali.live.call("POST", f"/api/hooks/{shape}", {})
    assert (hook.status, hook.code) == (404, "not_found")
    for route in OWNED:
        answer = await ask(ali, route, re.sub(r"\{\w+\}", lambda _: shape, route.path))
        assert (answer.status, answer.code) == (404, "not_found"), f"{route.method} {route.path}"
