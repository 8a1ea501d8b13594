"""The schedules of a workflow document: its `scheduleCron`, and every `schedule.*` trigger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.models.workflow import StepType, Workflow, WorkflowDraft
from engine.schedules.params import PARAMS, CronParams, Timing
from engine.schedules.planner import plan
from engine.schedules.rows import ScheduleRow, ScheduleState
from engine.schedules.schedule import Schedule, resolve
from engine.schedules.timetable import NEVER

SEED_ID: Final = "cron"
"""The schedule that `scheduleCron` is; a trigger's is `step:` and its id."""


def written(draft: WorkflowDraft) -> Iterator[tuple[str | None, Timing]]:
    """The trigger step (None for `scheduleCron`) and params of every schedule; ValidationError for bad ones."""
    if draft.schedule_cron is not None:
        yield None, CronParams(cron=draft.schedule_cron)
    for step in draft.steps:
        if step.type is StepType.TRIGGER and step.ref in PARAMS:
            yield step.id, PARAMS[step.ref].model_validate(step.params)


def schedule_rows(workflow: Workflow, now: int) -> list[ScheduleRow]:
    """What the store keeps of a workflow saved now; of one that is switched off nothing comes up."""
    rows = []
    for step_id, params in written(workflow):
        schedule_id = SEED_ID if step_id is None else f"step:{step_id}"
        schedule = resolve(params, workflow.timezone or "UTC", workflow.calendars)
        next_at = next_look(workflow.id, schedule_id, schedule, now) if workflow.enabled else NEVER
        state = ScheduleState(cursor=now)
        rows.append(ScheduleRow(workflow.id, schedule_id, schedule, next_at, step_id, workflow.enabled, state))
    return rows


def next_look(workflow_id: str, schedule_id: str, schedule: Schedule, now: int) -> int:
    """When a schedule that has nothing to make up for is due."""
    return plan(schedule, now, now, workflow_id, schedule_id).next_at
