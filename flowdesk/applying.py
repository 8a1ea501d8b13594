"""Workflow files and the server's workflows brought together: which belongs to which, what differs, and saving it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from flowdesk.client import Client
from flowdesk.errors import BadFile, InConflict, Missing, ProblemReply
from flowdesk.files import WorkflowFile
from flowdesk.replies import ChangeDoc, WorkflowDoc
from flowdesk.show.changes import changes_between

Action = Literal["create", "update", "unchanged"]

READ_ONLY: Final = ("id", "ownerId", "version", "createdAt", "updatedAt")


@dataclass(slots=True, frozen=True)
class Intent:
    """What applying a file would do. `note` says what may surprise."""

    file: WorkflowFile
    action: Action
    current: WorkflowDoc | None = None
    changes: list[ChangeDoc] = field(default_factory=list)
    note: str | None = None


async def check(client: Client, file: WorkflowFile) -> None:
    """Let the server look at the file; BadFile with every problem at its line when it is not acceptable."""
    verdict = await client.workflows.validate(draft_of(file.document))
    if not verdict.valid:
        count = len(verdict.problems)
        said = "1 problem" if count == 1 else f"{count} problems"
        raise BadFile(f"{file.path}: {said}", [file.placed(problem) for problem in verdict.problems])


async def intend(client: Client, file: WorkflowFile) -> Intent:
    """Find the file's workflow, by id or else by name, and what would change; InConflict for a shared name."""
    current, note = await _current(client, file)
    if current is None:
        return Intent(file, "create", note=note)
    wanted, present = normal(file.document), normal(dict(current))
    if "timezone" not in file.document:
        present.pop("timezone", None)  # the server's own zone, written into the schedule at save
    changes = changes_between(present, wanted)
    return Intent(file, "update" if changes else "unchanged", current, changes, note)


def refuse_twins(intents: list[Intent]) -> None:
    """Two files must not mean the same workflow: the last one would win, or a second one of that name be made."""
    seen: dict[str, Intent] = {}
    for intent in intents:
        key = intent.current["id"] if intent.current else f"name {intent.file.document.get('name')}"
        other = seen.setdefault(key, intent)
        if other is not intent:
            detail = f"{other.file.path} and {intent.file.path} are the same workflow"
            raise InConflict(ProblemReply(409, "ambiguous_name", detail, hint="give them different names or ids"))


async def carry_out(client: Client, intent: Intent) -> WorkflowDoc:
    """Save what is intended; InConflict when somebody else saved meanwhile."""
    draft = draft_of(intent.file.document)
    if intent.current is None:
        return await client.workflows.create(draft)
    if intent.action == "unchanged":
        return intent.current
    version = intent.file.document.get("version", intent.current["version"])
    return await client.workflows.save(intent.current["id"], {**draft, "version": version})


async def _current(client: Client, file: WorkflowFile) -> tuple[WorkflowDoc | None, str | None]:
    note = None
    if file.workflow_id is not None:
        try:
            return await client.workflows.get(file.workflow_id), None
        except Missing:
            note = f"this server has no workflow {file.workflow_id}; going by the name"
    name = file.document.get("name")
    found = await client.workflows.named(name) if isinstance(name, str) else []
    if len(found) > 1:
        ids = ", ".join(workflow["id"] for workflow in found)
        detail = f"{file.path}: {len(found)} workflows are called {name!r}"
        raise InConflict(ProblemReply(409, "ambiguous_name", detail, hint=f"put the id of one into the file: {ids}"))
    return (found[0] if found else None), note


def draft_of(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what only the server writes."""
    return {key: value for key, value in document.items() if key not in READ_ONLY}


def normal(document: dict[str, Any], *, short: bool = False) -> dict[str, Any]:
    """A draft with all its defaults, so that two of them can be compared; `short` without any, as people write it."""
    from pydantic import ValidationError

    from engine.models.workflow import WorkflowDraft

    draft = draft_of(document)
    try:
        model = WorkflowDraft.model_validate(draft)
    except ValidationError:
        return draft  # a newer server knows fields that this program does not
    found: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=short)
    return found
