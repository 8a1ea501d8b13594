"""What a saved workflow is made of: the draft, and the fields only the server writes."""

from __future__ import annotations

from typing import Any, Final

from engine.errors import Invalid, Problem
from engine.jsonio import Json
from engine.models.workflow import Workflow, WorkflowDraft
from engine.schedules.reading import written

READ_ONLY: Final = ("id", "ownerId", "createdAt", "updatedAt", "version")


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
    if workflow.timezone is None and any(params.timezone is None for _, params in written(workflow)):
        workflow.timezone = timezone
        workflow.model_fields_set.add("timezone")
    return workflow
