"""A process made to be killed: an engine over a SQLite file, whose steps write what they did to a file.

    python -P -m tests.crash.victim DIRECTORY [--accept N] [--keys PREFIX] [--workflow NAME] [--kill POINT]

It prints `accepted <key> <run id>` after each acceptance, goes on until no run is unfinished, prints `done` and leaves.
With `--kill` it kills itself, with SIGKILL, at that point:

    commit:3:before   instead of the third commit of a run
    commit:3:after    when the third commit is durable, before anybody knows
    step:pay:enter    in the handler of the step `pay`, before it has had its effect
    step:pay:leave    after its effect, before its result is anywhere
    told:signal       when a signal was taken in, and told:decide when an answer was

It takes its clock from the machine and is otherwise the engine as shipped.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.answers import Answer, Asker
from engine.clock import now_ms
from engine.engine import Engine, EngineOptions
from engine.errors import Conflict
from engine.events import LocalBus
from engine.models.run import Trigger, TriggerKind
from engine.models.workflow import Workflow
from engine.registry import Registry
from engine.sdk import Context, StepResult, Steps
from engine.store import ANYONE, Commit, RunFilter
from engine.stores.sqlite.store import SqliteStore
from plugins import looping, waiting

WORKFLOWS: dict[str, list[dict[str, Any]]] = {
    "chain": [
        {"id": "order", "ref": "do.pure", "next": "reserve"},
        {"id": "reserve", "ref": "do.it", "next": "price"},
        {"id": "price", "ref": "do.pure", "next": "pay"},
        {"id": "pay", "ref": "do.it", "next": "ship"},
        {"id": "ship", "ref": "do.it"},
    ],
    "parallel": [
        {"id": "order", "ref": "do.it", "next": ["left", "right"]},
        {"id": "left", "ref": "do.it", "next": "pay"},
        {"id": "right", "ref": "do.it", "next": "pay"},
        {"id": "pay", "ref": "do.it"},
    ],
    "retry": [
        {"id": "order", "ref": "do.it", "next": "pay"},
        {"id": "pay", "ref": "do.flaky", "retry": {"maxAttempts": 6, "backoffMs": 20, "factor": 1}, "next": "ship"},
        {"id": "ship", "ref": "do.it"},
    ],
    "waits": [
        {"id": "order", "ref": "do.it", "next": ["nap", "ask"]},
        {"id": "nap", "ref": "flow.sleep", "params": {"duration": "30ms"}, "next": "hear"},
        {"id": "hear", "ref": "flow.wait", "params": {"signal": "go"}, "next": "pay"},
        {"id": "ask", "ref": "flow.approval", "params": {"message": "?"}, "next": "pay"},
        {"id": "pay", "ref": "do.it"},
    ],
    "loop": [
        {
            "id": "each",
            "ref": "flow.foreach",
            "params": {"items": [1, 2, 3, 4, 5], "concurrency": 2},
            "body": {"steps": [{"id": "pay", "ref": "do.it", "next": "ship"}, {"id": "ship", "ref": "do.pure"}]},
            "next": "last",
        },
        {"id": "last", "ref": "do.it"},
    ],
    "undo": [
        {"id": "order", "ref": "do.it", "undo": "unorder", "next": "pay"},
        {"id": "pay", "ref": "do.it", "undo": "refund", "next": "ship"},
        {"id": "ship", "ref": "do.broken"},
        {"id": "refund", "ref": "do.it"},
        {"id": "unorder", "ref": "do.it"},
        {"id": "report", "ref": "do.it", "next": "archive"},
        {"id": "archive", "ref": "do.it"},
    ],
    "once": [{"id": "pay", "ref": "do.it", "effect": "once", "next": "ship"}, {"id": "ship", "ref": "do.it"}],
}
MORE: dict[str, dict[str, Any]] = {"undo": {"finally": ["report"]}}
"""Fields of the workflows beside their steps."""


def die() -> None:
    """As sudden as it gets."""
    os.kill(os.getpid(), signal.SIGKILL)


class Effects:
    """A file with one line per execution of a step: `run step attempt key`."""

    def __init__(self, directory: Path, kill: str) -> None:
        self._file = os.open(directory / "effects.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._kill = kill

    def perform(self, ctx: Context) -> None:
        """Have the effect, dying before or after it when asked to."""
        if self._kill == f"step:{ctx.step_id}:enter":
            die()
        os.write(self._file, f"{ctx.run_id} {ctx.step_id} {ctx.attempt} {ctx.idempotency_key}\n".encode())
        if self._kill == f"step:{ctx.step_id}:leave":
            die()


def make_registry(effects: Effects) -> Registry:
    """The steps the workflows above use."""
    steps = Steps("do")

    @steps.action("pure", effect="pure", instant=True)
    async def pure(ctx: Context, params: Any) -> StepResult:
        """Compute something."""
        return StepResult.success({ctx.step_id: "computed"})

    @steps.action("it")
    async def act(ctx: Context, params: Any) -> StepResult:
        """Have an effect, after a moment in which the process may die."""
        await asyncio.sleep(0.001)
        effects.perform(ctx)
        await asyncio.sleep(0.001)
        return StepResult.success({ctx.step_id: "done"})

    @steps.action("flaky")
    async def flaky(ctx: Context, params: Any) -> StepResult:
        """Have an effect, but report failure twice."""
        effects.perform(ctx)
        if ctx.attempt < 3:
            return StepResult.failure("not yet", code="not_yet")
        return StepResult.success({ctx.step_id: "done"})

    @steps.action("broken")
    async def broken(ctx: Context, params: Any) -> StepResult:
        """Fail."""
        return StepResult.failure("it is broken", code="broken", retryable=False)

    registry = Registry()
    registry.include(steps, source="built in")
    registry.include(waiting.steps, source="built in")
    registry.include(looping.steps, source="built in")
    return registry


def arm(store: SqliteStore, kill: str) -> None:
    """Make the n-th commit the last thing this process does."""
    if not kill.startswith("commit:"):
        return
    _, number, when = kill.split(":")
    left = [int(number)]
    durable = store.runs.commit

    async def deadly(commit: Commit) -> str:
        if when == "before":
            left[0] -= 1
            if left[0] == 0:
                die()
        cursor = await durable(commit)
        if when == "after":  # one that was fenced off does not count: nothing is durable
            left[0] -= 1
            if left[0] == 0:
                die()
        return cursor

    store.runs.commit = deadly  # type: ignore[method-assign]


async def live(directory: Path, accept: int, keys: str, name: str, kill: str) -> None:
    """Accept some runs and stay until nothing is unfinished."""
    store = SqliteStore(directory / "flowdesk.db")
    await store.open()
    engine = Engine(
        store,
        make_registry(Effects(directory, kill)),
        LocalBus(),
        owner=f"victim-{os.getpid()}",
        options=EngineOptions(sweep_s=0.05),
    )
    workflow = Workflow.model_validate(
        {
            "id": f"{name}-workflow",
            "name": name,
            "ownerId": "owner",
            "version": 1,
            "createdAt": 0,
            "updatedAt": 0,
            "steps": WORKFLOWS[name],
            **MORE.get(name, {}),
        }
    )
    if not (await store.workflows.page(owner=ANYONE, limit=1)).items:
        await store.workflows.create(workflow, [], saved_by="owner")
    arm(store, kill)
    await engine.start()
    plan = await engine.plans.current(workflow.id)

    async def one(number: int) -> None:
        trigger = Trigger(TriggerKind.WEBHOOK, {"number": number})
        accepted = await engine.accept(plan, trigger, key=f"{keys}-{number}", payload_hash="h")
        sys.stdout.write(f"accepted {keys}-{number} {accepted.run.id}\n")
        sys.stdout.flush()

    started = now_ms()
    for first in range(0, accept, 20):
        await asyncio.gather(*(one(number) for number in range(first, min(first + 20, accept))))
    while await store.runs.active(owner=ANYONE) > await _waiting(store, name):
        await _answer(engine, store, name, kill)
        if now_ms() - started > 60_000:
            sys.exit("not done within 60 s")
        await asyncio.sleep(0.01)
    await engine.stop(grace_s=5)
    await store.close()
    sys.stdout.write("done\n")


async def _answer(engine: Engine, store: SqliteStore, name: str, kill: str) -> None:
    """Send every run its signal, under one key, and approve of it, for as long as it asks."""
    if name != "waits":
        return
    who = Asker("victim", ANYONE)
    for row in (await store.runs.page(RunFilter(owner=ANYONE), limit=200)).items:
        with suppress(Conflict):
            await engine.signal(row.id, "go", {"heard": True}, who=who, message_id="go")
            if kill == "told:signal":
                die()
            await engine.decide(row.id, Answer("ask", "approve"), who=who)
            if kill == "told:decide":
                die()


async def _waiting(store: SqliteStore, name: str) -> int:
    """Runs that wait for somebody's decision are as far as they can get, unless somebody answers."""
    if name == "waits":
        return 0
    rows = await store.runs.page(RunFilter(owner=ANYONE), limit=200)
    return sum(row.waiting_for is not None and row.due_at is None for row in rows.items)


def main() -> None:
    """Read the command line and live."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--accept", type=int, default=0)
    parser.add_argument("--keys", default=str(os.getpid()))
    parser.add_argument("--workflow", default="chain", choices=WORKFLOWS)
    parser.add_argument("--kill", default="")
    given = parser.parse_args()
    asyncio.run(live(given.directory, given.accept, given.keys, given.workflow, given.kill))


if __name__ == "__main__":
    main()
