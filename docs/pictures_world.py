"""What the pictures of the terminal UI show: a small shop on a Tuesday at noon, with one partner who has a bad day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from engine.inputs import Finished
from engine.preview import preview, set_scene
from engine.sdk import StepResult
from server.problems import problem_json
from tests.tui.runs import Played
from tests.tui.scripted import Request
from tests.tui.world import NOW, World, ago, registry, run, workflow

ORDERS: Final = "wf_0092"
FAILED: Final = "run_0002"
RUNNING: Final = "run_0001"
_HOURLY: Final = "30 * * * *"
_ORDER: Final = {"order": "A-1042", "email": "ada@example.org", "name": "Ada", "total": 250}


def order_steps() -> list[dict[str, Any]]:
    """An order comes in, large ones are announced, the partner is told."""
    return [
        {"id": "hook", "name": "order", "type": "TRIGGER", "ref": "http.webhook", "params": {}, "next": "customer"},
        {
            "id": "customer",
            "type": "ACTION",
            "ref": "http.request",
            "params": {"url": "https://shop.example.com/customers/{{email}}"},
            "saveAs": "customer",
            "next": "large",
        },
        {
            "id": "large",
            "type": "ACTION",
            "ref": "flow.if",
            "params": {"condition": "data.total > 100.0"},
            "next": [{"to": "announce", "label": "true"}, {"to": "send", "label": "false"}],
        },
        {
            "id": "announce",
            "type": "ACTION",
            "ref": "core.log",
            "params": {"message": "a large order of {{name}}: {{total}}"},
            "next": "send",
        },
        {
            "id": "send",
            "name": "Tell the partner",
            "type": "ACTION",
            "ref": "http.request",
            "params": {
                "method": "POST",
                "url": "https://partner.example.com/orders/{{order}}",
                "body": {"kind": "json", "value": {"order": "{{order}}", "total": "{{total}}"}},
            },
            "retry": {"maxAttempts": 3, "backoffMs": 1000},
            "next": "note",
        },
        {"id": "note", "type": "ACTION", "ref": "core.log", "params": {"message": "{{order}} is on its way"}},
    ]


def _mail_steps() -> list[dict[str, Any]]:
    list_url, mail_url = "https://shop.example.com/new-customers", "https://mail.example.com/welcome"
    return [
        {"id": "tick", "type": "TRIGGER", "ref": "schedule.cron", "params": {"cron": _HOURLY}, "next": "customers"},
        {"id": "customers", "type": "ACTION", "ref": "http.request", "params": {"url": list_url}, "next": "greet"},
        {"id": "greet", "type": "ACTION", "ref": "http.request", "params": {"url": mail_url}, "next": []},
    ]


class Shop(World):
    """The world of the pictures."""

    def __init__(self) -> None:
        super().__init__()
        _, hello, report, legacy = self.workflows
        self.workflows = []
        failed, running = _failed(self), _running(self)
        orders = failed.saved
        mails = workflow(5, "welcome-mails", _mail_steps(), scheduleCron=_HOURLY)
        self.workflows = [orders, report, mails, hello, legacy]
        self.runs = [
            run(1, orders, "RUNNING"),
            run(2, orders, "FAILED", error=_error("send", "the partner answered 503")),
            run(3, orders, "WAITING"),
            run(6, mails, "RUNNING", trigger={"kind": "manual"}),
            run(9, hello, "SUCCESS", trigger={"kind": "manual"}),
            run(14, orders, "SUCCESS"),
            run(31, mails, "FAILED", trigger={"kind": "cron"}, error=_error("greet", "no answer within 5 s")),
            run(42, hello, "CANCELLED"),
            run(55, report, "SUCCESS", trigger={"kind": "cron"}),
        ]
        self.schedules = [
            _schedule(mails, _HOURLY, timedelta(minutes=25, seconds=29), timedelta(hours=1)),
            _schedule(report, "0 7 * * 1-5", timedelta(hours=17, minutes=55, seconds=29), timedelta(days=1)),
        ]
        for played in (failed, running):
            self._named(played, orders)
        self.http.on("POST", "/api/workflows/validate", lambda r: {"valid": True, "problems": []})
        self.http.on("POST", "/api/workflows/preview", lambda r: _preview(r, failed))

    def _named(self, played: Played, orders: dict[str, Any]) -> None:
        played.serve()
        known = {"workflowId": orders["id"], "workflowName": orders["name"]}
        self.http.on("GET", f"/api/runs/{played.id}", lambda r: {**played.document(), **known})


def _error(step: str, message: str) -> dict[str, Any]:
    return {"code": "http_503", "message": message, "stepId": step}


def _schedule(wf: dict[str, Any], cron: str, first: timedelta, every: timedelta) -> dict[str, Any]:
    upcoming = [(NOW + first + n * every).isoformat() for n in range(5)]
    return {
        "workflowId": wf["id"],
        "workflowName": wf["name"],
        "scheduleId": "tick",
        "cron": cron,
        "timezone": "Europe/Berlin",
        "nextAt": upcoming[0],
        "upcoming": upcoming,
    }


def _preview(request: Request, seen: Played) -> dict[str, Any]:
    """One step as that run would fill it, by the engine itself."""
    asked = request.body
    scene = set_scene(asked["document"], asked["stepId"], registry(), seen=seen.state, data={}, timeout_ms=30_000)
    found = preview(scene)
    problems = [problem_json(problem) for problem in found.problems]
    return {"params": found.params, "problems": problems, "scope": scene.scope, "truncated": False}


def _done(played: Played, step: str, result: StepResult, took_ms: int) -> None:
    played.now += took_ms - 100  # giving takes another 100 ms
    played.give(Finished(step, result, took_ms))


def _begun(world: World, number: int) -> Played:
    """An order of which everything but the partner is done."""
    played = Played(world, number, order_steps(), **_ORDER)
    played.saved.update(name="order-intake", updatedAt=ago(hours=3))
    played.start("customer", {"url": "https://shop.example.com/customers/ada@example.org"})
    played.log("customer", "GET https://shop.example.com/customers/ada@example.org")
    played.log("customer", "200 OK, 148 bytes")
    _done(played, "customer", StepResult.success({"status": 200, "body": {"name": "Ada", "since": 2019}}), 820)
    played.start("large", {"condition": "data.total > 100.0"})
    _done(played, "large", StepResult.success(goto="true"), 100)
    played.start("announce", {"message": "a large order of Ada: 250"})
    played.log("announce", "a large order of Ada: 250")
    _done(played, "announce", StepResult.success({"message": "a large order of Ada: 250"}), 100)
    return played


def _attempt(played: Played) -> None:
    order = {"order": "A-1042", "total": 250}
    sent = {"method": "POST", "url": "https://partner.example.com/orders/A-1042", "body": order}
    played.start("send", sent)
    played.log("send", "POST https://partner.example.com/orders/A-1042")


def _refused(played: Played) -> None:
    _attempt(played)
    played.log("send", "503 Service Unavailable: maintenance until 12:30", "warning")
    failure = StepResult.failure(
        "the partner answered 503: maintenance until 12:30",
        code="http_503",
        data={"status": 503, "body": {"error": "maintenance", "until": "12:30"}},
    )
    _done(played, "send", failure, 740)


def _failed(world: World) -> Played:
    played = _begun(world, 2)
    for pause in (1000, 2000, 0):
        _refused(played)
        played.now += pause
    return played


def _running(world: World) -> Played:
    played = _begun(world, 1)
    _attempt(played)
    _done(played, "send", StepResult.failure("the partner did not answer within 30 s", code="timeout"), 30_000)
    played.now += 1000
    _attempt(played)
    return played
