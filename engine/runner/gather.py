"""What called runs came to, put together: the output of the step that called them.

Results are read from the called runs' journals, in pages, once all have ended; those of runs that were executed on the
spot are kept in the meantime, as long as they are small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.called import Called
from engine.errors import Invalid
from engine.journal import put_back
from engine.jsonio import dumps
from engine.plan import Plan
from engine.runner.attempt import MAX_OUTPUT
from engine.sdk import StepResult
from engine.state import RunState, fold
from engine.store import Runs
from engine.visible import View

PAGE: Final = 200
KEPT_BYTES: Final = 4_000_000
MAX_ERRORS: Final = 1000
"""Errors an output lists; the counts tell of all."""


def result_of(plan: Plan, state: RunState) -> Any:
    """What a run that succeeded gives to whoever called it. Raises Invalid when an expression of `outputs` fails."""
    view = View(plan, state)
    return view.added() if plan.body_of is not None else view.result()


def outcome(called: Called, caller_run_id: str, step_id: str) -> StepResult:
    """Failure because of the first item that failed."""
    item, why = min(called.failed.items())
    single = called.total == 1 and called.spec["results"] == "one"
    where = "" if single else f"item {item}: "
    known = {"runId": called.run_id(caller_run_id, step_id, item), "item": item, **why}
    return StepResult.failure(f"{where}{why['message']}", code="call_failed", data=known)


def too_many(called: Called) -> StepResult | None:
    """Failure of a repetition that has come to its bound without having come to its condition."""
    if called.reached or called.spec.get("until") is None or not called.spec.get("mustReach"):
        return None
    message = f"after {called.total} times this is still not true: {called.spec['until']}"
    return StepResult.failure(message, code="not_reached", retryable=False)


class Gather:
    """The results of one step's called runs."""

    def __init__(self, runs: Runs, caller_run_id: str, step_id: str, plan: Plan) -> None:
        self._runs = runs
        self._caller = caller_run_id
        self._step_id = step_id
        self._plan = plan
        self._kept: dict[int, Any] = {}
        self._bytes = 0

    def keep(self, called: Called, item: int, result: Any) -> None:
        """Remember a result, if it will be asked for and is small enough."""
        if called.spec.get("repeats"):
            self._kept = {item: result}
        elif called.spec["results"] in ("one", "all") and self._bytes < KEPT_BYTES:
            self._kept[item] = result
            self._bytes += len(dumps(result))

    async def result(self, called: Called, item: int) -> Any:
        """The result of one item's run."""
        if item not in self._kept:
            self.keep(called, item, (await self._read(called, [item]))[item])
        return self._kept[item]

    async def output(self, called: Called, stopped: Callable[[], bool]) -> StepResult | None:
        """The step's output; None when the run is stopped meanwhile. Raises Invalid when it cannot be put together."""
        kind = called.spec["results"]
        if kind == "one":
            return StepResult.success(await self.result(called, 0))
        if kind == "last":
            last = called.next - 1
            result = await self.result(called, last) if last >= 0 else None
            return StepResult.success({"result": result, "iterations": called.next})
        counts = {"total": called.total, "succeeded": called.succeeded, "failed": len(called.failed)}
        errors = [
            {"item": item, "runId": called.run_id(self._caller, self._step_id, item), **why}
            for item, why in sorted(called.failed.items())[:MAX_ERRORS]
        ]
        if kind == "count":
            return StepResult.success(counts)
        if kind == "errors":
            return StepResult.success({**counts, "errors": errors})
        results = await self._all(called, stopped)
        return None if results is None else StepResult.success({"results": results, **counts, "errors": errors})

    async def _all(self, called: Called, stopped: Callable[[], bool]) -> list[Any] | None:
        """In the order of the items; those that failed are null, or left out when they are skipped."""
        results: list[Any] = []
        size = 0
        for start in range(0, called.total, PAGE):
            if stopped():
                return None
            page = range(start, min(start + PAGE, called.total))
            wanted = [item for item in page if item not in called.failed]
            missing = [item for item in wanted if item not in self._kept]
            found = await self._read(called, missing) if missing else {}
            some = [found[item] if item in found else self._kept.get(item) for item in page]
            if called.spec["onItemError"] == "skip":
                some = [value for item, value in zip(page, some, strict=True) if item not in called.failed]
            size += len(dumps(some))
            if size > MAX_OUTPUT:
                message = f"more than {MAX_OUTPUT:,} bytes of results after {page.stop:,} of {called.total:,} items"
                hint = "write `results: errors` or `results: count`, and let each round put its result where it belongs"
                raise Invalid(message, code="output_too_large", hint=hint)
            results += some
        return results

    async def _read(self, called: Called, items: list[int]) -> dict[int, Any]:
        ids = {called.run_id(self._caller, self._step_id, item): item for item in items}
        journals = await self._runs.journals(list(ids))
        found: dict[int, Any] = {}
        for run_id, item in ids.items():
            events = journals.get(run_id)
            if events is None:
                raise Invalid(f"the run {run_id} of item {item} is gone, and its result with it", code="result_gone")
            await put_back(run_id, events, self._runs)
            state = fold(self._plan.steps, run_id, events)
            found[item] = {"runId": run_id} if not called.spec["waits"] else result_of(self._plan, state)
        return found
