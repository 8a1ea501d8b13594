"""A small world for screens to show: workflows, some runs, jobs, schedules, secrets and plugins, at a fixed time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from textual.pilot import Pilot

from engine.registry import Registry
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.host import Options
from plugins.builtins import BUILTINS
from server.views import plugin_document, step_kind
from tests.tui.scripted import Request, ScriptedConnector, ScriptedHttp, refuse
from tests.tui.waiting import idle, until

NOW: Final = datetime(2026, 11, 24, 12, 4, 31, tzinfo=UTC)
NOWHERE: Final = {"FLOWDESK_CONFIG_DIR": "/nonexistent"}
"""No keys or contexts of whoever runs the tests."""
HOSTILE: Final = "x [/y] [red]z \x1b[2J\u202e{{a}} \ud800"
"""Everything at once that must never reach a terminal as it is."""


def ago(**since: float) -> str:
    """A time before NOW as the server writes it."""
    return (NOW - timedelta(**since)).isoformat().replace("+00:00", "Z")


@cache
def registry() -> Registry:
    """Every step that comes with FlowDesk."""
    made = Registry()
    made.load(BUILTINS, third_party=False, version="1.0")
    return made


def kinds() -> list[dict[str, Any]]:
    """The built-in kinds of steps as the server describes them."""
    return [step_kind(definition) for definition in registry().all()]


def workflow(number: int, name: str, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A saved workflow."""
    return {
        "id": f"wf_{number:04}",
        "ownerId": "usr_1",
        "version": 3,
        "createdAt": ago(days=30),
        "updatedAt": ago(hours=number),
        "name": name,
        "description": f"about {name}",
        "enabled": True,
        "entryStepId": steps[0]["id"],
        "timezone": "Europe/Berlin",
        "tags": [],
        "steps": steps,
        **more,
    }


def order_steps() -> list[dict[str, Any]]:
    """Webhook, branch, mail-like HTTP call."""
    return [
        {"id": "webhook", "type": "TRIGGER", "ref": "http.webhook", "params": {}, "next": "check"},
        {
            "id": "check",
            "type": "ACTION",
            "ref": "flow.if",
            "params": {"condition": "data.amount > 100"},
            "next": [{"to": "ask", "when": "route == 'yes'"}, {"to": "auto", "otherwise": True}],
        },
        {"id": "ask", "type": "ACTION", "ref": "core.log", "params": {"message": "ask {{email}}"}, "next": "send"},
        {"id": "auto", "type": "ACTION", "ref": "data.set", "params": {"values": {"ok": True}}, "next": "send"},
        {
            "id": "send",
            "type": "ACTION",
            "ref": "http.request",
            "params": {"method": "POST", "url": "http://127.0.0.1:9/send", "json": {"to": "{{email}}"}},
            "retry": {"maxAttempts": 3, "backoffMs": 1000},
            "next": [],
        },
    ]


def run(number: int, wf: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    """A run's summary."""
    ended = status in ("SUCCESS", "FAILED", "CANCELLED")
    error = (
        {"code": "http_500", "message": "the partner answered 500", "stepId": "send"} if status == "FAILED" else None
    )
    return {
        "id": f"run_{number:04}",
        "workflowId": wf["id"],
        "workflowName": wf["name"],
        "workflowVersion": wf["version"],
        "userId": "usr_1",
        "status": status,
        "waitingFor": "retry" if status == "WAITING" else None,
        "trigger": {"kind": "webhook"},
        "createdAt": ago(minutes=number),
        "startedAt": ago(minutes=number),
        "finishedAt": ago(minutes=number - 0.05) if ended else None,
        "durationMs": 3000 if ended else None,
        "dueAt": (NOW + timedelta(seconds=41)).isoformat() if status == "WAITING" else None,
        "parentRunId": None,
        "error": error,
        **more,
    }


def secret(name: str, *, reader: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A secret, read by the step `send` of that workflow."""
    usage = {"workflowId": reader["id"], "workflowName": reader["name"], "stepIds": ["send"]} if reader else None
    return {
        "name": name,
        "kind": "value",
        "description": f"about {name}",
        "hosts": [],
        "source": None,
        "connection": None,
        "usedBy": [usage] if usage is not None else [],
        "createdAt": ago(days=30),
        "updatedAt": ago(days=2),
        "lastUsedAt": ago(minutes=2) if reader else None,
        **more,
    }


def connection(state: str = "new", problem: str | None = None) -> dict[str, Any]:
    """What is told of an OAuth2 connection."""
    return {
        "state": state,
        "problem": problem,
        "expiresAt": None,
        "authorizeUrl": "https://login.example.com/authorize",
        "tokenUrl": "https://login.example.com/token",
        "clientId": "flowdesk",
        "clientAuth": "basic",
        "scopes": ["read", "write"],
    }


def figures() -> dict[str, Any]:
    """What became of the runs of a day."""
    hours = [{"at": ago(hours=24 - n), "runs": n % 7, "failed": int(n == 20)} for n in range(24)]
    return {
        "since": ago(hours=24),
        "hours": 24,
        "counts": {"SUCCESS": 298, "FAILED": 9, "CANCELLED": 0, "WAITING": 5, "RUNNING": 0, "QUEUED": 0},
        "open": {"QUEUED": 3, "RUNNING": 1, "WAITING": 5},
        "buckets": hours,
        "durationMs": {"of": 307, "p50": 900, "p95": 4200},
    }


def _told(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps of a run: all but the last have succeeded, the last is under way."""
    nothing = dict.fromkeys(("startedAt", "finishedAt", "durationMs", "input", "output", "error", "route", "reason"))
    return [
        {
            **nothing,
            **{name: step.get(name, "ACTION") for name in ("id", "type", "ref")},
            "name": None,
            "attempt": 1,
            "retryAt": None,
            "reused": False,
            "status": "RUNNING" if step is steps[-1] else "SUCCESS",
        }
        for step in steps
    ]


class World:
    """The documents, and the transport that answers from them. Change the lists while a screen looks."""

    def __init__(self) -> None:
        manual = [
            {"id": "start", "type": "TRIGGER", "ref": "manual", "params": {}, "next": "greet"},
            {"id": "greet", "type": "ACTION", "ref": "core.log", "params": {"message": "hello {{name}}"}, "next": []},
        ]
        cron = [
            {"id": "tick", "type": "TRIGGER", "ref": "schedule.cron", "params": {"cron": "0 7 * * 1-5"}, "next": []}
        ]
        self.workflows = [
            workflow(1, "order-intake", order_steps()),
            workflow(2, "hello", manual),
            workflow(3, "daily-report", cron, scheduleCron="0 7 * * 1-5"),
            workflow(4, "order-legacy", manual, enabled=False),
        ]
        order, hello = self.workflows[0], self.workflows[1]
        self.runs = [
            run(1, order, "RUNNING"),
            run(2, order, "FAILED"),
            run(3, order, "WAITING"),
            run(4, hello, "SUCCESS"),
            run(5, hello, "CANCELLED"),
        ]
        self.jobs = [self._job(1, "PENDING"), self._job(2, "FAILED")]
        self.schedules = [self._schedule(self.workflows[2])]
        self.secrets = [secret("CRM_TOKEN", reader=order), secret("SMTP_LOGIN", hosts=["smtp.example.org"])]
        self.stats = figures()
        self.workers = [{"id": "w-1", "answering": True, "runs": {"count": 1, "ids": []}}]
        self.label = ""
        self.workspaces: list[dict[str, Any]] = [
            {
                "id": "usr_1",
                "name": "personal",
                "personal": True,
                "role": "owner",
                "members": 1,
                "createdAt": ago(days=9),
            }
        ]
        self._seq = 0
        self.http = ScriptedHttp()
        self._answer()

    def _job(self, number: int, status: str) -> dict[str, Any]:
        return {
            "id": f"job_{number:04}",
            "workflowId": "wf_0001",
            "runId": f"run_{number + 1:04}",
            "userId": "usr_1",
            "stepId": "send",
            "attempt": number + 1,
            "status": status,
            "runAt": (NOW + timedelta(seconds=41)).isoformat(),
            "createdAt": ago(minutes=2),
            "updatedAt": ago(minutes=1),
            "error": {"code": "http_503", "message": "503 from api.example.org"},
        }

    def _schedule(self, wf: dict[str, Any]) -> dict[str, Any]:
        upcoming = [(NOW + timedelta(days=n)).isoformat() for n in range(1, 6)]
        return {
            "workflowId": wf["id"],
            "workflowName": wf["name"],
            "scheduleId": "tick",
            "cron": "0 7 * * 1-5",
            "words": "weekdays at 07:00",
            "timezone": "Europe/Berlin",
            "state": "active",
            "nextAt": upcoming[0],
            "upcoming": upcoming,
            "missed": 0,
            "skipped": 0,
            "missedAt": None,
            "missedWhy": None,
            "heldAt": None,
            "waiting": 0,
            "pausedAt": None,
            "pauseReason": None,
        }

    def _answer(self) -> None:
        on = self.http.on
        on("GET", "/api/server", lambda r: {"version": self._version(), "label": self.label, "storage": "sqlite"})
        on(
            "GET",
            "/api/me",
            lambda r: {"id": "usr_1", "email": "me@example.com", "role": "admin", "createdAt": ago(days=9)},
        )
        on("GET", "/api/steps", lambda r: kinds())
        on("GET", "/api/plugins", lambda r: [plugin_document(info) for info in registry().plugins])
        on("GET", "/api/schedules", lambda r: self.schedules)
        on("GET", "/api/workflows", self._list_workflows)
        on("GET", "/api/workflows/{}", lambda r: self.find(self.workflows, r.found[0]))
        on("GET", "/api/runs", self._list_runs)
        on("GET", "/api/jobs", self._list_jobs)
        on("GET", "/api/runs/{}", self._run)
        on("GET", "/api/stats", lambda r: self.stats)
        on("GET", "/api/workflows/stats", lambda r: {w["id"]: self._stats_of(w) for w in self.workflows})
        on("GET", "/api/workflows/{}/versions/{}", lambda r: self.find(self.workflows, r.found[0]))
        on("GET", "/api/workspaces", lambda r: self.workspaces)
        on("GET", "/api/workflows/{}/pins", lambda r: [])
        on("GET", "/api/workflows/{}/samples", lambda r: [])
        on("GET", "/api/workflows/{}/capture", lambda r: {"until": None})
        on("GET", "/api/secrets", lambda r: self.page(self.secrets, r))
        on("GET", "/api/workers", lambda r: self.workers)

    def _run(self, request: Request) -> Any:
        """A whole run; what happened in it is told as if its last step were the one under way."""
        found = self.find(self.runs, request.found[0])
        steps: list[dict[str, Any]] = next((w["steps"] for w in self.workflows if w["id"] == found["workflowId"]), [])
        return {"seq": 9, "data": {}, "questions": [], "logs": [], "steps": _told(steps), **found}

    def _stats_of(self, wf: dict[str, Any]) -> dict[str, Any]:
        runs = [r for r in self.runs if r["workflowId"] == wf["id"]]
        last = (
            {name: runs[0][name] for name in ("id", "status", "createdAt", "finishedAt", "durationMs")}
            if runs
            else None
        )
        return {"lastRun": last, "runs7d": len(runs), "failed7d": sum(r["status"] == "FAILED" for r in runs)}

    def happens(self, run_id: str, kind: str, **more: Any) -> None:
        """Something happens in a run, as every open stream is told."""
        self._seq += 1
        event = {"runId": run_id, "workflowId": "wf_0001", "seq": self._seq, "at": ago(), "type": kind}
        self.http.send({**event, "stepId": None, "attempt": None, "data": {}, **more})

    def find(self, among: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
        """The document of that id, or the server's 404."""
        for item in among:
            if item["id"] == wanted:
                return item
        raise refuse(404, "not_found", "there is no such thing, or it is not yours")

    def _version(self) -> str:
        from importlib.metadata import version

        return version("flowdesk")

    def _list_workflows(self, request: Request) -> Any:
        text = request.query.get("text", "").casefold()
        on = {"true": True, "True": True, "false": False, "False": False}.get(request.query.get("enabled", ""))
        found = [w for w in self.workflows if text in w["name"] and on in (None, w["enabled"])]
        return self.page(found, request)

    def _list_runs(self, request: Request) -> Any:
        wanted = {name for name in request.query.get("status", "").split(",") if name}
        of = request.query.get("workflowId")
        found = [r for r in self.runs if r["status"] in (wanted or {r["status"]}) and of in (None, r["workflowId"])]
        if "waitingFor" in request.query:
            found = [r for r in found if r["waitingFor"] in request.query["waitingFor"].split(",")]
        return self.page(found, request)

    def _list_jobs(self, request: Request) -> Any:
        wanted = request.query.get("status")
        return self.page([j for j in self.jobs if wanted in (None, j["status"])], request)

    def page(self, items: list[dict[str, Any]], request: Request) -> Any:
        """As many as were asked for, and a cursor when there are more."""
        first = int(request.query.get("cursor", "0"))
        last = first + int(request.query.get("limit", "50"))
        return items[first:last], str(last) if last < len(items) else None

    def app(self, **options: Any) -> FlowDeskApp:
        """The terminal UI on this world."""
        return FlowDeskApp(
            ScriptedConnector(self.http), Options(**{"clock": lambda: NOW, "environ": NOWHERE, **options})
        )

    @asynccontextmanager
    async def shown(
        self,
        area: str = "dashboard",
        *,
        size: tuple[int, int] = (120, 36),
        state_dir: Path | None = None,
        toasts: bool = False,
        **options: Any,
    ) -> AsyncIterator[tuple[FlowDeskApp, Pilot[int]]]:
        """The app with this area on the screen, settled; with `toasts`, `said` tells its messages."""
        app = self.app(state_dir=state_dir, **options)
        app.memory.put("area", area)
        async with app.run_test(size=size, notifications=toasts) as pilot:
            await until(lambda: app.current_mode == area, "the area")
            await idle(app)
            yield app, pilot
