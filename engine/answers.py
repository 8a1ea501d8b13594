"""What people and programs tell runs: signals, and answers to what a run asks.

Both are messages. A signal is in the run's inbox, durably, before its sender is told so. An answer has to say who won:
a run that rests hears it here, in one fenced commit; one that executes, in this process or in another, gets it in its
inbox, and its journal tells which message ended the wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Protocol

from engine.doorbell import Execute
from engine.errors import Conflict, Fenced, Invalid, NotFound, Problem, Unavailable
from engine.executor import Executor
from engine.forms import problems_with
from engine.history import History
from engine.ids import new_id
from engine.models.event import Event, EventType
from engine.models.run import FINISHED, Message, RunRow
from engine.plan import Plan
from engine.plans import Plans
from engine.runner.driver import Driver
from engine.runner.ledger import Services
from engine.state import StepState
from engine.store import ANYONE, Owner, Store
from engine.transition.waits import ANSWER, outcomes
from engine.waiting import SIGNAL

ANSWER_WAIT_S: Final = 10.0
"""How long whoever answers waits to hear who won, when another process executes the run."""
LOOK_S: Final = 0.5
MAX_ANSWER: Final = 64 * 1024
"""Bytes of JSON that a signal or an answer may bring."""


@dataclass(slots=True, frozen=True)
class Asker:
    """Who tells a run something. `sees` is whose runs they may steer; `by` is the name the journal keeps."""

    by: str
    sees: Owner
    email: str = ""
    role: str = ""

    def is_among(self, deciders: Sequence[str]) -> bool:
        """Whether a list of ids, addresses and `role:name` names this one."""
        known = {self.by, f"role:{self.role}"} if self.role else {self.by}
        return any(entry in known or (self.email and entry.lower() == self.email.lower()) for entry in deciders)


@dataclass(slots=True, frozen=True)
class Answer:
    """An answer to what a step asks."""

    step_id: str
    outcome: str
    data: Any = None
    reason: str | None = None


class Options(Protocol):
    """The settings answering reads."""

    @property
    def execute(self) -> Execute: ...


class Around(Services, Protocol):
    """What answering needs of the engine around it."""

    store: Store
    executor: Executor
    plans: Plans

    @property
    def options(self) -> Options: ...

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""


class Answers:
    """Hands on signals and answers."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def signal(self, run_id: str, name: str, data: Any, *, who: Asker, message_id: str | None = None) -> RunRow:
        """Put a signal into a run's inbox; it is durable when this returns. The same `message_id` twice is one.

        Conflict when the run has finished, Invalid for a name that no step of it waits for.
        """
        row = await self._around.runs.get(run_id, owner=who.sees)
        _refuse_finished(row)
        plan = await self._around.plans.of(row)
        known = signal_names(plan)
        if name not in known and not any("{{" in other for other in known):
            problem = Problem("unknown_signal", f"no step of this run waits for a signal {name!r}", field="name")
            hint = f"there are: {', '.join(known)}" if known else "it needs a flow.wait step"
            raise Invalid(problems=[problem], code="unknown_signal", hint=hint)
        now = self._around.clock()
        body = {"name": name, "data": data, "by": who.by}
        message = Message(message_id or new_id(now), run_id, now, SIGNAL, body)
        row = await self._around.runs.post(message, owner=who.sees)
        _refuse_finished(row)
        self._around.poke(run_id)
        return row

    async def decide(self, run_id: str, answer: Answer, *, who: Asker) -> RunRow:
        """Answer what a step asks. Of any number of answers one is told so, and the others get Conflict.

        Invalid for an answer that does not fit; Unavailable when the process that executes the run says nothing in
        time: the answer is kept then, and may still count.
        """
        history = await self.seen(run_id, answer.step_id, who=who)
        message = self._message(history, answer, who)
        deadline = monotonic() + ANSWER_WAIT_S
        with self._around.bus.subscribe(owner=ANYONE, run_id=run_id) as news:
            while True:
                won = await self._offer(history, message)
                if won is not None:
                    return won
                left = deadline - monotonic()
                if left <= 0:
                    raise Unavailable(
                        "the process that executes the run has not answered yet",
                        code="answer_pending",
                        hint="the answer is kept and may still count: look at the run before you repeat it",
                    )
                await news.batch(min(left, LOOK_S))
                history = await self._around.history(run_id, owner=ANYONE)

    async def seen(self, run_id: str, step_id: str | None, *, who: Asker) -> History:
        """The run, for whoever may see it: its owner, and those who may decide about this step, or about any.

        Everybody else gets NotFound.
        """
        try:
            return await self._around.history(run_id, owner=who.sees)
        except NotFound:
            history = await self._around.history(run_id, owner=ANYONE)  # unknown: the same answer
            asked = [step_id] if step_id is not None else list(history.state.steps)
            if any(who.is_among(_deciders(history, one)) for one in asked):
                return history
            raise

    def _message(self, history: History, answer: Answer, who: Asker) -> Message:
        """The answer as the run will hear it; refused when it cannot be meant."""
        step = history.state.steps.get(answer.step_id)
        if step is None:
            problem = Problem("unknown_step", f"the run has no step {answer.step_id!r}", field="stepId")
            raise Invalid(problems=[problem], hint=f"steps: {', '.join(history.state.steps)}")
        possible = outcomes(step)
        if step.wait is None or not possible:
            raise _not_asked(history, answer.step_id)
        _refuse_misfits(step, answer, possible)
        now = self._around.clock()
        body = {
            "stepId": answer.step_id,
            "wait": step.wait.seq,
            "outcome": answer.outcome,
            "by": who.by,
            "data": answer.data,
            "reason": answer.reason,
        }
        return Message(new_id(now), history.row.id, now, ANSWER, body)

    async def _offer(self, history: History, message: Message) -> RunRow | None:
        """Let the run hear it, if it has not; the run when it was the answer, None when that is not known yet."""
        row = history.row
        if _is_answered(history, message):
            return row
        if row.owner is None and not row.cancel_requested and self._executes(history.plan):
            try:
                return await self._tell_resting(history, message)
            except Fenced:
                return None
        row = await self._around.runs.post(message, owner=ANYONE)
        self._around.poke(row.id)
        return None

    def _executes(self, plan: Plan) -> bool:
        """Whether this process may go on with such a run itself."""
        foreign = bool(plan.missing_refs) and not self._around.store.exclusive
        return self._around.options.execute != "none" and not foreign

    async def _tell_resting(self, history: History, message: Message) -> RunRow:
        """Move the run on in one commit that claims it: what it was told before, then this."""
        driver = Driver(self._around, history.plan, history.row, history.state)
        driver.resume()
        earlier = await self._around.runs.inbox(history.row.id)
        for one in [*(other for other in earlier if other.id != message.id), message]:
            driver.hear(one)
        events = [*history.events, *driver.ledger.pending]
        await driver.ledger.write(claim=True)
        if not driver.state.finished:
            self._around.executor.add(driver)
        told = History(driver.row, history.plan, events, driver.state)
        if not _is_answered(told, message):
            raise _not_asked(told, str(message.body["stepId"]))
        return driver.row


def signal_names(plan: Plan) -> tuple[str, ...]:
    """The names of the signals the steps of a plan wait for."""
    found: list[str] = []
    for step in plan.waiting:
        if step.definition is not None and step.definition.signals is not None:
            found += step.definition.signals(step.step.params)
    return tuple(dict.fromkeys(found))


def _refuse_finished(row: RunRow) -> None:
    if row.status in FINISHED:
        raise Conflict(f"the run has finished already ({row.status.value})", code="already_finished")


def _refuse_misfits(step: StepState, answer: Answer, possible: Sequence[str]) -> None:
    if answer.outcome not in possible:
        problem = Problem("unknown_outcome", f"this step cannot be answered by {answer.outcome!r}", field="outcome")
        raise Invalid(problems=[problem], hint=f"answer with {', '.join(possible)}")
    form = step.wait.data.get("form") if step.wait is not None else None
    if form is not None and answer.outcome == "approve":
        given = {} if answer.data is None else answer.data
        problems = problems_with(given, form)
        if problems:
            raise Invalid(problems=problems, code="answer_misfit")


def _deciders(history: History, step_id: str) -> list[str]:
    step = history.state.steps.get(step_id)
    asked = [event for event in history.events if event.type is EventType.WAIT_STARTED and event.step_id == step_id]
    if step is None or not asked:
        return []
    return list(asked[-1].data.get("deciders") or ())


def _is_answered(history: History, message: Message) -> bool:
    """Whether this message ended the wait it is about. Conflict when something else has."""
    step_id, wait = str(message.body["stepId"]), int(message.body["wait"])
    for event in history.events:
        if event.type is EventType.WAIT_RESOLVED and event.step_id == step_id and event.seq > wait:
            if event.data.get("messageId") == message.id:
                return True
            raise _lost(event)
    step = history.state.steps[step_id]
    if step.wait is None or step.wait.seq != wait:
        raise _not_asked(history, step_id)
    return False


def _not_asked(history: History, step_id: str) -> Conflict:
    ended = [e for e in history.events if e.type is EventType.WAIT_RESOLVED and e.step_id == step_id]
    if ended:
        return _lost(ended[-1])
    if history.row.status in FINISHED:
        said = f"the run has finished ({history.row.status.value}) and asks nothing"
    else:
        said = f"the step {step_id} does not wait for a decision"
    return Conflict(said, code="no_decision_awaited")


def _lost(event: Event) -> Conflict:
    if event.data.get("due"):
        return Conflict("the time to decide was over", code="deadline_passed", hint="look at the run")
    outcome = event.data.get("outcome")
    return Conflict(f"this was decided already: {outcome}", code="already_decided", hint="look at the run")
