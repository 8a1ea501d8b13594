"""A workflow's schedules and calendars: what cannot be seen from one field alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise

from pydantic import ValidationError

from engine.checks.nearest import nearest
from engine.clock import now_ms
from engine.cron import check, check_zone
from engine.errors import Problem
from engine.models.workflow import Step, StepType, WorkflowDraft
from engine.schedules.calendars import check_entry
from engine.schedules.durations import duration_text
from engine.schedules.params import PARAMS, Timing
from engine.schedules.schedule import Schedule, resolve
from engine.schedules.timetable import first, upcoming

_LOOKED_AT = 20


def check_schedules(draft: WorkflowDraft) -> Iterator[Problem]:
    """Time zone, `scheduleCron`, calendars, and the triggers that start by the clock."""
    if draft.timezone is not None:
        yield from (replace(problem, field="timezone") for problem in check_zone(draft.timezone))
    if draft.schedule_cron is not None:
        yield from (replace(problem, field="scheduleCron") for problem in check(draft.schedule_cron, None))
    bad = list(_calendars(draft))
    yield from bad
    for step in draft.steps:
        if step.type is StepType.TRIGGER and step.ref in PARAMS:
            yield from _trigger(step, draft, calendars_good=not bad)


def _calendars(draft: WorkflowDraft) -> Iterator[Problem]:
    for name, entries in draft.calendars.items():
        for index, entry in enumerate(entries):
            problem = check_entry(entry)
            if problem is not None:
                yield replace(problem, field=f"calendars.{name}[{index}]")


def _trigger(step: Step, draft: WorkflowDraft, *, calendars_good: bool) -> Iterator[Problem]:
    for name, value in step.params.items():
        if "{{" in str(value):
            yield Problem(
                "schedule_template",
                "a schedule is read when the workflow is saved, so it holds no templates",
                step.id,
                f"params.{name}",
                hint="write the value itself",
            )
            return
    try:
        params = PARAMS[step.ref].model_validate(step.params)
    except ValidationError:
        return  # told with the params of all steps
    unknown = list(_unknown_calendars(step.id, params, draft))
    yield from unknown
    if calendars_good and not unknown and not (draft.timezone and check_zone(draft.timezone)):
        yield from _times(step.id, resolve(params, draft.timezone or "UTC", draft.calendars))


def _unknown_calendars(step_id: str, params: Timing, draft: WorkflowDraft) -> Iterator[Problem]:
    for index, name in enumerate(params.exclude):
        if name not in draft.calendars:
            hint = nearest(name, list(draft.calendars)) or "put it under `calendars` of the workflow"
            yield Problem(
                "unknown_calendar", f"there is no calendar {name!r}", step_id, f"params.exclude[{index}]", hint=hint
            )


def _times(step_id: str, schedule: Schedule) -> Iterator[Problem]:
    if schedule.start_at is not None and schedule.end_at is not None and schedule.end_at < schedule.start_at:
        yield Problem(
            "schedule_window", "it ends before it starts", step_id, "params.endAt", hint="move one of the two times"
        )
        return
    if schedule.kind == "at":
        return  # one that has passed is simply over
    now = now_ms()
    if schedule.excluded and first(replace(schedule, start_at=None, end_at=None), now) is None:
        hint = "take an entry out of the calendar, or the calendar out of `exclude`"
        yield Problem("cron_never", "its calendars leave no day for it", step_id, "params.exclude", hint=hint)
        return
    times = islice(upcoming(replace(schedule, end_at=None), now), _LOOKED_AT)
    nearest_two = min((later - earlier for earlier, later in pairwise(times)), default=None)
    if nearest_two is not None and schedule.jitter_ms >= nearest_two:
        yield Problem(
            "schedule_jitter",
            f"a delay of up to {schedule.jitter_ms} ms reaches the next start, {duration_text(nearest_two)} later",
            step_id,
            "params.jitterMs",
            hint=f"write less than {nearest_two}",
        )
