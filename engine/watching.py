"""Waiting for a run that somebody else executes: by the bus, and by looking, since the bus may lose things."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Final

from engine.events import Gap, Subscription
from engine.models.event import Event, EventType
from engine.models.run import FINISHED
from engine.plan import Plan
from engine.store import ANYONE, Runs

LOOK_S: Final = 1.0
_ENDS: Final = frozenset({EventType.RUN_SUCCEEDED, EventType.RUN_FAILED, EventType.RUN_CANCELLED})


async def until_answered(heard: Subscription, runs: Runs, plan: Plan, run_id: str, timeout_s: float) -> None:
    """Until the run has ended or a step of it has answered, at most this long."""
    deadline = monotonic() + timeout_s
    while (left := deadline - monotonic()) > 0:
        items = await heard.batch(min(left, LOOK_S))
        if any(not isinstance(item, Gap) and any(answers(plan, event) for event in item.events) for item in items):
            return
        if not items or any(isinstance(item, Gap) for item in items):
            row = await runs.get(run_id, owner=ANYONE)
            if row.status in FINISHED:
                return
        if heard.closed:
            await asyncio.sleep(min(left, LOOK_S))


def answers(plan: Plan, event: Event) -> bool:
    """Whether this event is what somebody who waits for the run waits for."""
    if event.type in _ENDS:
        return True
    if event.type is not EventType.STEP_SUCCEEDED or event.step_id is None:
        return False
    return plan.steps[event.step_id].replies
