"""Trying one step of a document alone: its real handler, once, with the limits of any run, and nothing written down.

Whatever effect the step has, it has. What it gives goes to whoever asked, and nowhere else.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Protocol

from engine.clock import Clock
from engine.errors import FlowDeskError, Invalid, Unavailable
from engine.history import History
from engine.ids import new_id
from engine.journal import mask
from engine.masking import Masker
from engine.plans import Plans
from engine.preview import Preview, Scene, preview, secret_names, set_scene
from engine.registry import Registry
from engine.runner.attempt import Call, call, check_params, render
from engine.runner.context import StepContext, threadsafe
from engine.runner.secrets import UNBOUND, HostBinding, RunSecrets, in_templates
from engine.sdk import Handler, StepDefinition, StepResult
from engine.seen import SeenRuns
from engine.state import RunState
from engine.store import Owner, Runs
from engine.transition.outcome import error_of
from engine.vault import SecretValue, Vault, mentions_secrets

MAX_MS: Final = 30_000
"""How long a trial may take, whatever the step allows itself."""
MAX_AT_ONCE: Final = 16
MAX_PER_USER: Final = 4

log = logging.getLogger("flowdesk.engine")


class Around(Protocol):
    """What a trial needs of the engine around it."""

    registry: Registry
    clock: Clock
    vault: Vault
    runs: Runs
    plans: Plans

    @property
    def step_timeout_ms(self) -> int:
        """How long a step may take that says nothing else."""

    def family_state(self, ref: str) -> Any:
        """What the lifespan of the step's family yielded."""

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""


@dataclass(slots=True, frozen=True)
class Wish:
    """Which step of which document, and what it is to see: what it saw in a run, or this data."""

    document: Any
    step_id: str
    run_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Line:
    """What the step said."""

    at: int
    level: str
    message: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Trial:
    """What came of it. `params` are as rendered, secrets masked; `lines` are those written until it ended."""

    result: StepResult
    params: Any = None
    lines: list[Line] = field(default_factory=list)
    took_ms: float = 0.0

    @property
    def error(self) -> dict[str, Any] | None:
        """Why it failed, as a journal would have it."""
        return None if self.result.ok else error_of(self.result)


class Trials:
    """Previews and trials, a bounded number at once."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._seen = SeenRuns(around.runs, around.plans)
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[StepResult]] = set()
        self._stopped = False

    async def preview(self, wish: Wish, *, owner: Owner, user_id: str) -> tuple[Scene, Preview]:
        """What the step would see and be given; NotFound for somebody else's run, Invalid for an unknown step."""
        seen = None if wish.run_id is None else await self._seen.state(wish.run_id, owner=owner)
        scene = await self._scene(wish, seen, user_id)
        return scene, preview(scene)

    async def run(self, wish: Wish, *, owner: Owner, user_id: str, timeout_ms: int = MAX_MS) -> Trial:
        """Execute the step once. Unavailable when too many are under way, or the engine stops."""
        # A handler may change what it is given, so this is a state of its own.
        seen = None if wish.run_id is None else (await self._around.history(wish.run_id, owner=owner)).state
        scene = await self._scene(wish, seen, user_id)
        if scene.step.is_trigger:
            return _trigger_trial(scene)
        if scene.problems:
            raise Invalid(problems=scene.problems, code="invalid_workflow")
        definition = scene.step.definition
        if definition is None or definition.handler is None:
            text = f"no step {scene.step.step.ref!r} is installed here"
            return Trial(StepResult.failure(text, code="unknown_ref", retryable=False))
        with self._place(user_id):
            log.info("workspace %s tries a step %s", user_id, definition.ref)
            return await self._run(
                scene, definition, definition.handler, min(timeout_ms, scene.step.timeout_ms, MAX_MS), user_id
            )

    async def stop(self) -> None:
        """Start nothing more, and end what is under way."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _scene(self, wish: Wish, seen: RunState | None, user_id: str) -> Scene:
        return set_scene(
            wish.document,
            wish.step_id,
            self._around.registry,
            seen=seen,
            data=wish.data,
            timeout_ms=self._around.step_timeout_ms,
            secrets=await self._around.vault.bindings(user_id) if mentions_secrets(wish.document) else (),
            workspace_id=user_id,
        )

    @contextmanager
    def _place(self, user_id: str) -> Iterator[None]:
        if self._stopped:
            raise Unavailable("the server is stopping", hint="try it again in a moment")
        if self._under_way.total() >= MAX_AT_ONCE or self._under_way[user_id] >= MAX_PER_USER:
            raise Unavailable("too many steps are being tried at once", code="too_many_trials", hint="wait for one")
        self._under_way[user_id] += 1
        try:
            yield
        finally:
            self._under_way[user_id] -= 1
            if not self._under_way[user_id]:
                del self._under_way[user_id]

    async def _run(
        self, scene: Scene, definition: StepDefinition, handler: Handler, timeout_ms: int, user_id: str
    ) -> Trial:
        step, trial = scene.step, Trial(StepResult(True))
        secrets = RunSecrets(self._around.vault, user_id, step.secrets)
        given: dict[str, SecretValue] = {}
        try:
            if step.secrets:
                given = await secrets.given(step)
            seen = in_templates(given)
            rendered = render(step, {**scene.scope, "secrets": seen} if given else scene.scope, [])
            secrets.masker.learn(seen.all_made())
            trial.params = secrets.masker.value(mask(rendered, secret_names(step)))
            params = check_params(definition, rendered)
        except FlowDeskError as error:
            failure = StepResult.failure(str(error), code=error.code, retryable=not isinstance(error, Invalid))
            trial.result = secrets.result(failure)
            return trial
        binding = HostBinding(given, seen.made) if given else UNBOUND
        if (refusal := binding.refusal(step)) is not None:
            trial.result = refusal
            return trial
        in_thread = not inspect.iscoroutinefunction(handler)
        context = self._context(scene, trial.lines, secrets.masker, binding, in_thread=in_thread)
        began = perf_counter()
        result = await self._result(Call(definition, handler, context, params), timeout_ms / 1000)
        if result.waits is not None:
            result = StepResult.success({"waits": result.waits.to_json(self._around.clock())})
        trial.result = secrets.result(result)
        trial.took_ms = round((perf_counter() - began) * 1000, 3)
        trial.lines = list(trial.lines)  # a thread that has run out of time may still write
        return trial

    async def _result(self, given: Call, timeout_s: float) -> StepResult:
        task = asyncio.create_task(call(given, timeout_s))
        self._tasks.add(task)
        try:
            await asyncio.wait([task])
        finally:
            self._tasks.discard(task)
            if not task.done():  # whoever asked has gone
                task.cancel()
                await asyncio.wait([task])
        if not task.cancelled():
            return task.result()
        if self._stopped:
            raise Unavailable("the server stopped before the step had ended")
        return StepResult.failure("the handler cancelled itself", code="plugin_error")

    def _context(
        self, scene: Scene, lines: list[Line], masker: Masker, binding: HostBinding, *, in_thread: bool
    ) -> StepContext:
        def write(line: dict[str, Any]) -> None:
            line = masker.value(line)
            lines.append(Line(self._around.clock(), line["level"], line["message"], line.get("fields", {})))

        ref = scene.step.step.ref
        return StepContext(
            scene.plan,
            scene.step,
            new_id(self._around.clock()),
            1,
            {name: value for name, value in scene.scope.items() if name != "secrets"},
            self._around.family_state(ref),
            threadsafe(asyncio.get_running_loop(), write) if in_thread else write,
            binding=binding,
        )


def _trigger_trial(scene: Scene) -> Trial:
    """A trigger does nothing itself: it answers with the data of the run or of the wish."""
    return Trial(StepResult(True, dict(scene.scope["trigger"]["data"])), mask(scene.step.step.params))
