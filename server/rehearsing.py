"""What a request for a rehearsal comes to: the data to start with, where to stop, and what is pinned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Invalid, NotFound, Problem, TooLarge
from engine.inputs import Rehearsal
from engine.jsonio import dumps
from engine.models.run import Trigger, TriggerKind
from engine.plan import Plan
from engine.state import Pin
from engine.store import Store
from server.captures import sample_of
from server.practice_models import MAX_KEPT_BYTES, RehearsalBody


async def rehearsal(store: Store, plan: Plan, wanted: RehearsalBody, trigger: Trigger) -> tuple[Trigger, Rehearsal]:
    """The trigger and the rest of the beginning. Invalid names steps the workflow does not have."""
    workflow_id = plan.workflow.id
    data, meta = trigger.data, trigger.meta
    if wanted.sample is not None:
        data, meta = sample_of(await _sample(store, workflow_id, wanted.sample))
    pins: dict[str, Pin] = {}
    if wanted.kept_pins:
        # One for a step that is gone by now has nothing to say.
        kept = await store.practice.all(workflow_id, "pin")
        pins = {
            row.name: Pin(row.value.get("output"), row.value.get("route")) for row in kept if row.name in plan.steps
        }
    pins |= {step_id: Pin(pin.output, pin.route) for step_id, pin in wanted.pins.items()}
    _check(plan, wanted, pins)
    return Trigger(TriggerKind.TEST, data, meta, trigger.step_id), Rehearsal(wanted.until, pins)


async def _sample(store: Store, workflow_id: str, name: str) -> Any:
    try:
        return await store.practice.get(workflow_id, "sample", name)
    except NotFound:
        names = [row.name for row in await store.practice.all(workflow_id, "sample")]
        problem = Problem("unknown_sample", f"there is no sample {name}", field="rehearsal.sample")
        raise Invalid(problems=[problem], hint=f"samples: {', '.join(names) or 'none yet'}") from None


def _check(plan: Plan, wanted: RehearsalBody, pins: Mapping[str, Pin]) -> None:
    named = {} if wanted.until is None else {"rehearsal.until": wanted.until}
    named |= {f"rehearsal.pins.{step_id}": step_id for step_id in wanted.pins}
    problems = [
        Problem("unknown_step", f"there is no step {step_id!r}", field=field)
        for field, step_id in named.items()
        if step_id not in plan.steps
    ]
    if problems:
        raise Invalid(problems=problems, hint=f"steps: {', '.join(list(plan.steps)[:50])}")
    if len(dumps([[*pin] for pin in pins.values()])) > MAX_KEPT_BYTES:
        raise TooLarge(f"the pins are larger than {MAX_KEPT_BYTES:,} bytes together")
