"""What a saved workflow is made of: the draft, the fields only the server writes, and its schedules."""

from __future__ import annotations

from typing import Any, Final

from engine.cron import next_fire
from engine.errors import Invalid, Problem
from engine.jsonio import Json
from engine.models.workflow import StepType, Workflow, WorkflowDraft
from engine.store import ScheduleRow

READ_ONLY: Final = ("id", "ownerId", "createdAt", "updatedAt", "version")
CRON_REF: Final = "schedule.cron"
NEVER: Final = 253_402_300_799_000
"""The last second of the year 9999: when a schedule that has no next time is looked at again."""


def without_server_fields(document: Json) -> tuple[Json, int | None]:
    """A draft from a fetched document, and the version it was fetched at."""
    if not isinstance(document, dict):
        return document, None
    version = document.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise Invalid(problems=[Problem("int_type", "must be a whole number", field="version")])
    return {key: value for key, value in document.items() if key not in READ_ONLY}, version


def new_workflow(draft: WorkflowDraft, *, workflow_id: str, owner_id: str, now: int, timezone: str) -> Workflow:
    """The first version."""
    return _workflow(draft, timezone, id=workflow_id, owner_id=owner_id, version=1, created_at=now, updated_at=now)


def next_version(draft: WorkflowDraft, current: Workflow, *, now: int, timezone: str) -> Workflow:
    """The version after `current`."""
    return _workflow(
        draft,
        timezone,
        id=current.id,
        owner_id=current.owner_id,
        version=current.version + 1,
        created_at=current.created_at,
        updated_at=max(now, current.updated_at),
    )


def _workflow(draft: WorkflowDraft, timezone: str, **fields: Any) -> Workflow:
    # The draft has been validated; its parts are taken over as they are.
    workflow = Workflow.model_construct(
        draft.model_fields_set | fields.keys(),
        **{name: getattr(draft, name) for name in WorkflowDraft.model_fields},
        **fields,
    )
    if workflow.timezone is None and any(zone is None for _, _, zone in _crons(workflow)):
        workflow.timezone = timezone
        workflow.model_fields_set.add("timezone")
    return workflow


def schedule_rows(workflow: Workflow, now: int) -> list[ScheduleRow]:
    """When an enabled workflow fires next; nothing for one that is switched off."""
    if not workflow.enabled:
        return []
    rows = []
    for step_id, cron, zone in _crons(workflow):
        timezone = zone or workflow.timezone or "UTC"
        schedule_id = "cron" if step_id is None else f"step:{step_id}"
        next_at = next_fire(cron, timezone, now)
        rows.append(
            ScheduleRow(workflow.id, schedule_id, cron, timezone, NEVER if next_at is None else next_at, step_id)
        )
    return rows


def _crons(workflow: Workflow) -> list[tuple[str | None, str, str | None]]:
    """Trigger step (None for `scheduleCron`), expression and zone of every schedule."""
    found: list[tuple[str | None, str, str | None]] = []
    if workflow.schedule_cron is not None:
        found.append((None, workflow.schedule_cron, None))
    triggers = [step for step in workflow.steps if step.type is StepType.TRIGGER and step.ref == CRON_REF]
    return found + [(step.id, step.params["cron"], step.params.get("timezone")) for step in triggers]
