"""The editor on a scripted server that validates, saves, previews and tries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any

from textual.pilot import Pilot

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.screens.editor.screen import EditorScreen
from tests.tui.scripted import Request, refuse
from tests.tui.waiting import idle, until
from tests.tui.world import NOW, World

ORDER = "wf_0001"
MEMBERS = [
    {"userId": "usr_1", "email": "me@example.com", "role": "owner", "since": NOW.isoformat()},
    {"userId": "usr_2", "email": "ada@example.com", "role": "editor", "since": NOW.isoformat()},
]


class Desk:
    """What the server is asked about workflows, and what it answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.problems: list[dict[str, Any]] = []
        self.saved: list[dict[str, Any]] = []
        self.tried: list[dict[str, Any]] = []
        self.who = "usr_2"
        on = world.http.on
        on("POST", "/api/workflows/validate", lambda r: {"valid": not self.problems, "problems": self.problems})
        on("POST", "/api/workflows/preview", self._preview)
        on("POST", "/api/workflows/try", self._try)
        on("POST", "/api/workflows", self._create)
        on("PUT", "/api/workflows/{}", self._save)
        on("GET", "/api/workflows/{}/versions", self._versions)
        on("GET", "/api/members", lambda r: MEMBERS)
        on("GET", "/api/workflows/{}/versions/{}", self._version)
        on("POST", "/api/workflows/{}/versions/{}/restore", self._restore)

    def workflow(self) -> dict[str, Any]:
        """The workflow that is edited, as the server has it."""
        return self.world.workflows[0]

    def somebody_saves(self, **fields: Any) -> None:
        """Another version appears."""
        self.world.workflows[0] = {**deepcopy(self.workflow()), **fields, "version": self.workflow()["version"] + 1}

    def _preview(self, request: Request) -> dict[str, Any]:
        step = next(s for s in request.body["document"]["steps"] if s["id"] == request.body["stepId"])
        scope = {"data": {"email": "ada@example.com"}, "steps": {"webhook": {"ok": True}}, "run": {"id": "run_0001"}}
        return {"params": step.get("params", {}), "problems": [], "scope": scope, "truncated": False}

    def _try(self, request: Request) -> dict[str, Any]:
        self.tried.append(request.body)
        return {
            "ok": True,
            "data": {"sent": True},
            "error": None,
            "route": None,
            "params": {},
            "logs": [],
            "durationMs": 12,
            "truncated": False,
        }

    def _create(self, request: Request) -> dict[str, Any]:
        made = {**self.workflow(), **request.body, "id": "wf_0099", "version": 1}
        self.saved.append(request.body)
        self.world.workflows.append(made)
        return made

    def _save(self, request: Request) -> Any:
        if request.body["version"] != self.workflow()["version"]:
            raise refuse(409, "version_conflict", "somebody saved meanwhile")
        self.saved.append(request.body)
        self.world.workflows[0] = {**self.workflow(), **request.body, "version": request.body["version"] + 1}
        return self.workflow()

    def _versions(self, request: Request) -> Any:
        newest = self.workflow()["version"]
        made = {"savedAt": NOW.isoformat(), "savedBy": self.who, "name": "order-intake", "steps": 5}
        return [{"version": number, **made} for number in range(newest, 0, -1)], None

    def _version(self, request: Request) -> dict[str, Any]:
        return {**self.workflow(), "description": "as it was", "version": int(request.found[1])}

    def _restore(self, request: Request) -> dict[str, Any]:
        self.somebody_saves(description="as it was")
        return self.workflow()


@asynccontextmanager
async def opened(
    world: World, workflow_id: str | None = ORDER, *, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[tuple[FlowDeskApp, Pilot[int], EditorScreen]]:
    """The editor, with everything read and checked."""
    given = {key: options.pop(key) for key in ("step", "field", "run_id", "draft") if key in options}
    async with world.shown("workflows", size=size, **options) as (app, pilot):
        app.open_editor(workflow_id, **given)
        await until(lambda: isinstance(app.screen, EditorScreen) and app.screen.loaded, "the editor")
        screen = app.screen
        assert isinstance(screen, EditorScreen)
        await idle(app)
        yield app, pilot, screen


def ids(screen: EditorScreen) -> list[str]:
    """The steps of the draft, in order."""
    return [step["id"] for step in screen.draft.document["steps"]]


async def dialog(app: FlowDeskApp, kind: type[Any]) -> Any:
    """The dialog of that kind, once it is there."""
    await until(lambda: isinstance(app.screen, kind) and app.screen.is_mounted, kind.__name__)
    await idle_but_asking(app)
    return app.screen


async def idle_but_asking(app: FlowDeskApp) -> None:
    """Return when what happened is drawn; the work that waits for the dialog goes on."""
    import asyncio

    for _ in range(3):
        drawn = asyncio.Event()
        app.call_after_refresh(drawn.set)
        await drawn.wait()
