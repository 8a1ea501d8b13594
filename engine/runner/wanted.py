"""What a step asks for when it calls runs, in the form the journal keeps, and what each of them is given."""

from __future__ import annotations

from typing import Any, Final

from engine.called import Called
from engine.errors import Invalid
from engine.journal import SHARED_LIMIT
from engine.jsonio import dumps
from engine.models.run import RunRow, Trigger, TriggerKind
from engine.plan import Plan
from engine.runner.ledger import Services
from engine.sdk import Calls

MAX_DEPTH: Final = 16
"""Calls below the run that nobody called."""
MAX_ITEMS: Final = 1_000_000
MANUAL_REF: Final = "manual"


def spec_of(calls: Calls, plan: Plan, depth: int) -> dict[str, Any]:
    """The `calls` of `wait.started`. Invalid for more items than can be followed."""
    total = len(calls.items)
    if total > MAX_ITEMS:
        hint = "take pages of several items as one item (`pageSize`), or split the list over several runs"
        raise Invalid(f"{total:,} items; {MAX_ITEMS:,} are allowed", code="too_many_items", hint=hint)
    spec: dict[str, Any] = {
        "total": total,
        "concurrency": calls.concurrency,
        "onItemError": calls.on_item_error,
        "results": calls.results,
        "waits": calls.waits,
        "depth": depth,
    }
    if plan.body_of is None:
        spec["workflowId"], spec["version"] = plan.workflow.id, plan.workflow.version
    if calls.repeats:
        spec |= {"repeats": True, "until": calls.until, "delayMs": calls.delay_ms}
        spec["mustReach"] = calls.fails_unless_reached
    return spec


async def depth_of(row: RunRow, services: Services) -> int:
    """How deep below the first run the called ones will be; Invalid, with the chain of callers, when too deep."""
    depth = (row.call.depth if row.call else 0) + 1
    if depth <= MAX_DEPTH:
        return depth
    chain = " → ".join(await services.caller.chain(row))
    raise Invalid(
        f"runs call runs more than {MAX_DEPTH} deep: {chain}",
        code="calls_too_deep",
        hint="a workflow that calls itself needs a condition under which it does not",
    )


def given_to(called: Called, caller_run_id: str, step_id: str, item: int, plan: Plan, last: Any) -> Trigger:
    """What starts the run of one item: for a body the caller's data and the item, for a workflow the item."""
    meta = {"caller": {"runId": caller_run_id, "stepId": step_id, "item": item}}
    if called.spec.get("repeats"):
        own: dict[str, Any] = {"iteration": item + 1, "last": last}
    else:
        value = called.items[item]
        bare = plan.body_of is None and isinstance(value, dict)
        own = value if bare else {"item": value, "index": item}
    trigger = Trigger(TriggerKind.CALL if plan.body_of is None else TriggerKind.ROUND, own, meta)
    if plan.body_of is None:
        fired = plan.trigger_step(MANUAL_REF)
        trigger.data, trigger.step_id = {**called.data, **own}, fired.id if fired else None
    elif is_shared(called):
        trigger.base = {"run": caller_run_id, "ref": f"{called.seq}.data", "data": called.data}
    else:
        trigger.data = {**called.data, **own}
    return trigger


def is_shared(called: Called) -> bool:
    """Whether the data the runs take over is so large that it is kept once, in the caller's journal."""
    if called.shared is None:
        called.shared = len(dumps(called.data)) > SHARED_LIMIT
    return called.shared
