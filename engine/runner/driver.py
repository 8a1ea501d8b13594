"""Drives one run from where it is to its next rest: the end, a wait, or the process leaving.

A driver is the only writer of its run while the store says that this process owns it. Pure steps run one after
another without a task and ride along with the next commit; a step with an effect runs in a task of its own and its
result is committed before anything follows from it.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from engine.ids import new_id
from engine.inputs import Cancel, Due, Fail, Finished, Heard, Input, Recover
from engine.models.event import Event
from engine.models.run import Message, RunRow
from engine.models.workflow import Effect
from engine.plan import Plan, PlanStep
from engine.runner.attempt import Call, call, call_instant
from engine.runner.children import Children
from engine.runner.desk import Desk
from engine.runner.ledger import Ledger, Services
from engine.runner.secrets import RunSecrets
from engine.sdk import StepResult
from engine.state import RunState, StepStatus, new_state
from engine.transition.decide import decide
from engine.transition.waits import is_due
from engine.visible import View

FLUSH_S: Final = 0.1
"""How long what happened may stay uncommitted, and unseen, while a step is under way."""
BREATHE: Final = 50
"""Pure steps in a row after which other runs get a turn."""


@dataclass(slots=True)
class _Attempt:
    step: PlanStep
    began: float


class Driver:
    """One run being executed."""

    def __init__(self, services: Services, plan: Plan, row: RunRow, state: RunState | None = None) -> None:
        self.services = services
        self.plan = plan
        self.state = state or new_state(plan.steps, row.id)
        self.view = View(plan, self.state)
        self.ledger = Ledger(services, plan, row, self.state)
        self.ended = asyncio.Event()
        self.parking = False
        self.stop: Input | None = None
        self._children = Children(self) if plan.calling else None
        self._ready: list[tuple[int, str]] = []
        self._dropped: list[asyncio.Task[StepResult]] = []
        self._tasks: dict[asyncio.Task[StepResult], _Attempt] = {}
        self._volatile = False
        self.secrets = RunSecrets(services.vault, plan.workflow.owner_id, plan.secrets) if plan.secrets else None
        self._desk = Desk(self)
        self._poked = row.poked
        self._poke_heard: asyncio.Future[None] | None = None

    @property
    def row(self) -> RunRow:
        """The summary as last committed."""
        return self.ledger.row

    # -- inputs -------------------------------------------------------------------------------------------------

    def feed(self, given: Input) -> list[Event]:
        """Let the state machine take an input; what follows waits for the next commit."""
        decision = decide(self.plan, self.view, self.state, given, self.services.clock())
        self.ledger.pending.extend(decision.events)
        for step_id in decision.ready:
            heapq.heappush(self._ready, (self.plan.steps[step_id].index, step_id))
        if decision.stopped:
            self._let_go()
        return decision.events

    def interrupt(self, given: Input) -> None:
        """Ask the run to end this way as soon as possible; a step under way is cancelled.

        A run that is ending already is not disturbed by somebody who wants it cancelled: it would not clean up.
        """
        if self.state.phase == "ending" and isinstance(given, Cancel) and not given.force:
            return
        self.stop = self.stop or given
        for task in self._tasks:
            task.cancel()
        self._wake()

    def poke(self, ended: RunRow | None = None) -> None:
        """There is something in the store for this run: look at it soon. `ended` is a run it has called."""
        self._poked = True
        if self._children is not None:
            if ended is None:
                self._children.look_again()
            else:
                self._children.ended(ended)
        self._wake()

    def _wake(self) -> None:
        if self._poke_heard is not None and not self._poke_heard.done():
            self._poke_heard.set_result(None)

    @property
    def poked(self) -> bool:
        """Whether there is something the run has not looked at."""
        return self._poked

    def park(self) -> None:
        """Start nothing more: rest as soon as the steps under way have ended."""
        self.parking = self.ledger.leaving = True
        self._wake()

    def abandon_steps(self) -> None:
        """Cancel the steps under way, whose outcome is then unknown."""
        for task in self._tasks:
            task.cancel()

    # -- the loop -----------------------------------------------------------------------------------------------

    async def drive(self) -> None:
        """Go on until the run rests. Returns with everything committed; Fenced when somebody else has the run."""
        now = self.services.clock()
        self.ledger.began = self.ledger.began or now
        if self._is_late():
            self.stop = self.stop or self._out_of_time()
        if self.secrets is not None:
            await self.secrets.recall()
        try:
            while not self.state.finished:
                if self.stop is not None:
                    await self._settle_tasks()
                    wish, self.stop = self.stop, None
                    self.feed(wish)
                    continue
                if self._poked or self._overdue():
                    await self._listen()
                    self._end_overdue()
                await self._start_ready()
                here = await self._follow_children()
                if self.state.finished or (not self._tasks and (self.parking or not (self._goes_on() or here))):
                    break
                if self._children is not None and self._children.busy and not self._tasks:
                    self._look_at_clock()
                elif self._tasks or not self._ready:
                    await self._wait()
            await self._settle_tasks()
            if self._children is not None:
                await self._children.release()
            await self._commit(resting=True)
        except BaseException:
            await self._settle_tasks()
            raise

    async def _follow_children(self) -> bool:
        """See to the runs that steps have called; True when the run stays here for what they are about to come to."""
        if self._children is None:
            return False
        await self._children.release()
        await self._children.look()
        return self._children.waits or self._children.busy

    def resume(self) -> None:
        """Take up a run that was just claimed."""
        self.feed(Recover())

    async def _listen(self) -> None:
        """Take in what others have said to this run."""
        self._poked = False
        if self.row.poked and self._children is not None:
            self._children.look_again()
        for message in await self.services.runs.inbox(self.row.id):
            if message.id not in self.ledger.heard:
                self.hear(message)

    def hear(self, message: Message) -> None:
        """Let the run take in a message; the next commit forgets it."""
        # What follows from it must not be lost once something has left the process because of it.
        self._volatile = bool(self.feed(Heard(message, new_id(self.services.clock())))) or self._volatile
        self.ledger.heard.append(message.id)

    def _overdue(self) -> bool:
        """Whether a step waits for something whose time is up; what others said in time is to be heard before."""
        return any(is_due(self.state.steps[step.id], self.services.clock()) for step in self.plan.waiting)

    def _end_overdue(self) -> None:
        for step in self.plan.waiting:
            if not self.state.finished and is_due(self.state.steps[step.id], self.services.clock()):
                self._volatile = True
                self.feed(Due(step.id, new_id(self.services.clock())))

    def _goes_on(self) -> bool:
        """Whether there is something to start, or to wait for here: a run whose cancelling is wished for is taken up
        again and again by who looks for such wishes, so it does not rest while it cleans up."""
        return self._due_now() or (self.row.cancel_requested and self.state.phase == "ending")

    async def _start_ready(self) -> None:
        row = 0
        self._due_now()
        if self._dropped:
            # What was cut off must have let go before anything is undone.
            dropped, self._dropped = self._dropped, []
            await asyncio.gather(*dropped, return_exceptions=True)
        most = self.plan.workflow.max_parallel or sys.maxsize
        while self._ready and len(self._tasks) < most and not self.parking and self.stop is None:
            _, step_id = heapq.heappop(self._ready)
            if self.state.steps[step_id].status is not StepStatus.PENDING:
                continue
            step = self.plan.steps[step_id]
            if step.instant:
                self._run_instant(step)
                row += 1
                if row % BREATHE == 0:
                    await asyncio.sleep(0)
            else:
                await self._launch(step)

    def _due_now(self) -> bool:
        """Put retries whose time has come among the ready; True when something can start."""
        if self.state.finished:
            return False
        for step in self.plan.retrying:
            known = self.state.steps[step.id]
            if known.waits_for == "retry" and known.retry_at is not None and known.retry_at <= self.services.clock():
                known.status, known.waits_for = StepStatus.PENDING, None
                heapq.heappush(self._ready, (step.index, step.id))
        return bool(self._ready) or self._overdue()

    def _run_instant(self, step: PlanStep) -> None:
        began = perf_counter()
        prepared = self._desk.prepare(step)
        result = prepared if isinstance(prepared, StepResult) else call_instant(prepared)
        self._volatile = self._volatile or step.volatile
        self._finish(step, self._masked(result), began)

    async def _launch(self, step: PlanStep) -> None:
        began = perf_counter()
        pure = step.effect is Effect.PURE
        if not pure and (self.ledger.committed == 0 or self._volatile):
            # The run must be on disk before anything leaves, and so must what a re-run would compute otherwise.
            await self._commit()
        prepared = await self._desk.prepare_with_secrets(step) if step.secrets else self._desk.prepare(step)
        if isinstance(prepared, StepResult):
            self._finish(step, self._masked(prepared), began)
            return
        if step.effect is Effect.ONCE:
            await self._commit()
        task = asyncio.create_task(self._call(prepared, step.timeout_ms / 1000), name=f"{self.row.id}/{step.id}")
        self._tasks[task] = _Attempt(step, began)
        if self.stop is not None:  # since this began
            task.cancel()

    async def _call(self, prepared: Call, timeout_s: float) -> StepResult:
        result = await call(prepared, timeout_s)
        return result if self.secrets is None else await self.secrets.hidden(result)

    def _masked(self, result: StepResult) -> StepResult:
        return result if self.secrets is None else self.secrets.result(result)

    async def _wait(self) -> None:
        """Until a step ends, a retry is due or the deadline passes; what is seen meanwhile is committed."""
        timeout = self._patience()
        done = await self._first(timeout)
        if self._look_at_clock():
            return
        effect = False
        for task in done:
            attempt = self._tasks.pop(task, None)
            if attempt is None:  # another step's end has cancelled it
                continue
            if task.cancelled():
                if self.stop is not None or self.parking:
                    continue
                result = StepResult.failure("the handler cancelled itself", code="plugin_error")
            else:
                result = task.result()
            if attempt.step.effect is Effect.ONCE and result.code == "timeout":
                result.retryable = False
            self._finish(attempt.step, result, attempt.began)
            effect = effect or attempt.step.effect is not Effect.PURE
            self._volatile = self._volatile or attempt.step.volatile
        idle = not self._ready and not self._tasks
        if (effect and not idle) or (not done and self.ledger.unwritten):
            await self._commit()

    def _look_at_clock(self) -> bool:
        """Whether the run's time is up; then it is about to end."""
        over = self._is_late()
        if over:
            self.interrupt(self._out_of_time())
        return over

    async def _first(self, timeout: float | None) -> set[asyncio.Task[StepResult]]:
        """The steps that have ended once one has, or none when somebody pokes or the time is up."""
        if self._poke_heard is None or self._poke_heard.done():
            self._poke_heard = asyncio.get_running_loop().create_future()
        if self._poked or self.stop is not None:
            self._poke_heard.set_result(None)  # it came while something else was waited for
        both: list[asyncio.Future[Any]] = [*self._tasks, self._poke_heard]
        await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return {task for task in self._tasks if task.done()}

    def _patience(self) -> float | None:
        due = [s.retry_at for s in self.state.steps.values() if s.retry_at is not None and s.waits_for is not None]
        deadline = self._deadline()
        if deadline is not None:
            due.append(deadline)
        seconds = [max(0.0, (at - self.services.clock()) / 1000) for at in due]
        if self.ledger.unwritten:
            seconds.append(FLUSH_S)
        if self._children is not None and self._children.patience is not None:
            seconds.append(self._children.patience)
        return min(seconds) if seconds else None

    def _deadline(self) -> int | None:
        """When the run is out of time: cleaning up has a time of its own."""
        ending = self.state.ending
        return self.row.deadline_at if ending is None else int(ending["endBy"])

    def _is_late(self) -> bool:
        deadline = self._deadline()
        return deadline is not None and self.services.clock() >= deadline

    def _out_of_time(self) -> Fail:
        if self.state.phase != "ending":
            return out_of_time(self.row)
        allowed = self.plan.workflow.finally_timeout_ms / 1000
        return Fail("finally_timeout", f"the run did not clean up within {allowed:g} s", new_id())

    def _finish(self, step: PlanStep, result: StepResult, began: float) -> None:
        if self.state.finished:
            return
        took = round((perf_counter() - began) * 1000, 3)
        if result.calls is not None and result.ok:
            if self._children is not None:
                self._children.want(step, result.calls, took)
                return
            result = StepResult.failure("only steps declared with `calls` may call runs", code="plugin_error")
        self.conclude(step, result, took)

    def conclude(self, step: PlanStep, result: StepResult, took_ms: float) -> None:
        """A step came to a result."""
        over = result.ok and result.waits is None
        job_id = "" if over else self.state.steps[step.id].job_id or new_id(self.services.clock())
        self.feed(Finished(step.id, result, took_ms, job_id))

    def roots(self) -> dict[str, Any]:
        """What expressions see besides `data` and `steps`."""
        return self._desk.roots()

    async def commit(self) -> None:
        """Write what has happened."""
        await self._commit()

    async def _commit(self, *, resting: bool = False) -> None:
        await self.ledger.write(resting=resting)
        self._volatile = False

    def _let_go(self) -> None:
        """Cancel the handlers of steps that are not to go on."""
        self._desk.forget()
        self._volatile = True  # and that must be on disk before anything is undone
        for task, attempt in list(self._tasks.items()):
            if self.state.finished or self.state.steps[attempt.step.id].status is not StepStatus.RUNNING:
                del self._tasks[task]
                task.cancel()
                self._dropped.append(task)

    async def _settle_tasks(self) -> None:
        """Cancel what is still under way and wait until it has let go."""
        tasks = [*self._tasks, *self._dropped]
        self._tasks.clear()
        self._dropped = []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


def out_of_time(row: RunRow) -> Fail:
    """What ends a run whose `timeoutMs` has passed."""
    allowed = ((row.deadline_at or row.created_at) - row.created_at) / 1000
    return Fail("run_timeout", f"the run did not finish within its {allowed:g} s", new_id())
