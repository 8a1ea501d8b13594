"""Runs for the run view: moved by the engine's own state machine, shown by the server's own documents."""

from __future__ import annotations

from typing import Any, Final

from engine.inputs import Begin, Cancel, Decided, Finished, Started
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, Trigger, TriggerKind, WaitingFor
from engine.models.workflow import Workflow
from engine.plan import compile_plan
from engine.sdk import StepResult
from engine.state import StepStatus, apply, new_state
from engine.transition.decide import decide
from engine.visible import View
from server.references import with_markers
from server.views import event_document, run_document, run_summary
from tests.tui.scripted import Request
from tests.tui.world import NOW, World, registry, workflow

_STATUS: Final = {"succeeded": RunStatus.SUCCESS, "failed": RunStatus.FAILED, "cancelled": RunStatus.CANCELLED}
MAIL: Final = "send"


def chain() -> list[dict[str, Any]]:
    """Webhook, look up, send with three attempts, note; nothing of it is ever executed."""
    return [
        {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": {}, "next": "look"},
        {"id": "look", "type": "ACTION", "ref": "http.request", "params": {"url": "http://127.0.0.1:9"}, "next": MAIL},
        {
            "id": MAIL,
            "type": "ACTION",
            "ref": "http.request",
            "params": {"url": "http://127.0.0.1:9"},
            "retry": {"maxAttempts": 3, "backoffMs": 1000},
            "next": "note",
        },
        {"id": "note", "type": "ACTION", "ref": "core.log", "params": {"message": "sent"}, "next": []},
    ]


class Played:
    """One run, a move at a time. Each move is in the journal at once, and `tell` sends what is new to open streams."""

    def __init__(self, world: World, number: int, steps: list[dict[str, Any]] | None = None, **data: Any) -> None:
        self.world = world
        self.saved = workflow(90 + number, f"orders-{number}", steps or chain())
        world.workflows.append(self.saved)
        given = Workflow.model_validate({**self.saved, "createdAt": 0, "updatedAt": 0})
        self.plan = compile_plan(given, registry())
        self.now = int(NOW.timestamp() * 1000) - 60_000
        self.state = new_state(self.plan.steps, f"run_{number:04}")
        self.view = View(self.plan, self.state)
        self.events: list[Event] = []
        self.told = 0
        self.row = RunRow(
            self.state.run_id, given.id, given.version, "usr_1", RunStatus.RUNNING, 0, TriggerKind.WEBHOOK, self.now
        )
        self.give(Begin(Trigger(TriggerKind.WEBHOOK, data or {"email": "ada@example.org"}, {}, "hook")))

    @property
    def id(self) -> str:
        """The run's id."""
        return self.row.id

    def give(self, given: Any) -> None:
        """Let the state machine take one input."""
        self.now += 100
        self.events += decide(self.plan, self.view, self.state, given, self.now).events
        self._follow()

    def start(self, step_id: str, given: Any = None) -> None:
        """An attempt begins, with this input."""
        self.view.data(self.plan.steps[step_id])
        self.give(Started(step_id, given if given is not None else {"attempt": "of " + step_id}, "key"))

    def done(self, step_id: str, output: Any = None, given: Any = None) -> None:
        """A whole attempt that succeeds."""
        self.start(step_id, given)
        self.give(Finished(step_id, StepResult.success(output if output is not None else {"ok": True})))

    def fail(self, step_id: str, message: str, given: Any = None) -> None:
        """A whole attempt that fails."""
        self.start(step_id, given)
        self.give(Finished(step_id, StepResult.failure(message, code="http_500")))

    def log(self, step_id: str, message: str, level: str = "info") -> None:
        """The step says something."""
        self.now += 1
        attempt = self.state.steps[step_id].attempt
        data = {"level": level, "message": message, "fields": {}}
        event = Event(self.state.seq + 1, self.now, EventType.STEP_LOG, step_id, attempt, data)
        apply(self.state, event)
        self.events.append(event)
        self._follow()

    def cancel(self) -> None:
        """Somebody cancels the run."""
        self.give(Cancel("usr_1"))

    def ask(self, step_id: str, **asked: Any) -> None:
        """The process died while this step was under way, and nobody knows whether it happened; or it asks this."""
        self.now += 100
        told = asked or {"for": "decision"}
        event = Event(self.state.seq + 1, self.now, EventType.WAIT_STARTED, step_id, 1, told)
        apply(self.state, event)
        self.events.append(event)
        self._follow()

    def resolve(self, step_id: str, outcome: str, data: Any = None) -> None:
        """Somebody says what became of it."""
        self.give(Decided(step_id, outcome, "usr_1", data, "job", None))

    def _follow(self) -> None:
        waits = {step.waits_for for step in self.state.steps.values() if step.status is StepStatus.WAITING}
        busy = any(step.status is StepStatus.RUNNING for step in self.state.steps.values())
        row, state = self.row, self.state
        row.seq, row.error, row.started_at, row.finished_at = (
            state.seq,
            state.error,
            state.started_at,
            state.finished_at,
        )
        resting = RunStatus.WAITING if waits and not busy else RunStatus.RUNNING
        row.status = _STATUS.get(state.phase, resting)
        row.waiting_for = WaitingFor(next(iter(waits)) or "retry") if row.status is RunStatus.WAITING else None

    def document(self) -> dict[str, Any]:
        """The run as the server answers."""
        return run_document(self.row, self.plan, self.state, [with_markers(event) for event in self.events])

    def journal(self) -> list[dict[str, Any]]:
        """Every event as the server answers."""
        return [event_document(self.row.id, self.row.workflow_id, event) for event in self.events]

    def tell(self) -> None:
        """Send to the open streams what was not sent yet."""
        for event in self.journal()[self.told :]:
            self.world.http.send(event)
        self.told = len(self.events)

    def keep_silent(self) -> None:
        """What happened so far is never sent."""
        self.told = len(self.events)

    def serve(self) -> Played:
        """Let the world's server answer about this run."""
        on = self.world.http.on
        on("GET", f"/api/runs/{self.id}", lambda r: self.document())
        on("GET", f"/api/runs/{self.id}/journal", self._part)
        on("GET", f"/api/workflows/{self.saved['id']}/versions/{{}}", lambda r: self.saved)
        on("POST", f"/api/runs/{self.id}/cancel", self._cancelled)
        self.keep_silent()
        return self

    def _part(self, request: Request) -> Any:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        return self.journal()[after : after + limit]

    def _cancelled(self, _request: Request) -> Any:
        self.cancel()
        return run_summary(self.row, self.saved["name"])


def failed_run(world: World, number: int = 2) -> Played:
    """A run that failed at its third attempt to send."""
    played = Played(world, number)
    played.done("look", {"customer": {"name": "Ada", "orders": [1, 2, 3]}})
    for attempt in (1, 2, 3):
        played.fail(MAIL, f"the partner answered 500 ({attempt})", {"to": "ada@example.org", "attempt": attempt})
    return played.serve()


def running_run(world: World, number: int = 1) -> Played:
    """A run whose second step works."""
    played = Played(world, number)
    played.start("look")
    played.log("look", "connecting")
    return played.serve()
