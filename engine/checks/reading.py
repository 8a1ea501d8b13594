"""A document as a draft, and as much of a draft as possible when the document is wrong.

So that one look shows everything: what pydantic refuses is noted and taken out, and the rest is checked further.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from engine.checks.faults import Fault, Path, faults_of, holds, path_text, value_at
from engine.checks.words import worded
from engine.errors import BadJson, Problem
from engine.jsonio import check_json
from engine.models.workflow import WorkflowDraft

READ_ONLY: Final = ("id", "ownerId", "version", "createdAt", "updatedAt")
"""What a fetched document has beyond a draft; ignored when it comes back."""

_SHAPING: Final = frozenset(
    {"id", "body", "type", "next", "onError", "on_error", "entryStepId", "entry_step_id", "steps"}
)
_ROUNDS: Final = 4


@dataclass(slots=True)
class Reading:
    """What a document came to.

    `whole` says that the draft still has all steps and arrows of the document; `ids` are the steps it names.
    """

    draft: WorkflowDraft | None
    problems: list[Problem]
    whole: bool
    ids: list[str]


def read(document: Any) -> Reading:
    """Take a document apart; never raises for what is in it."""
    if isinstance(document, WorkflowDraft):
        return Reading(document, [], True, [step.id for step in document.steps])
    if not isinstance(document, Mapping):
        return _unreadable(Problem("wrong_type", "a workflow is an object with a name and steps"))
    try:
        check_json(document)
    except BadJson as error:
        return _unreadable(Problem(error.code, error.message, hint=error.hint))
    draft = {key: value for key, value in document.items() if key not in READ_ONLY}
    faults: list[Fault] = []
    problems: list[Problem] = []
    whole = True
    for _ in range(_ROUNDS):
        try:
            return Reading(WorkflowDraft.model_validate(draft), problems, whole, _ids(document))
        except ValidationError as error:
            faults = faults_of(error, draft)
        problems = problems or [_problem(fault, draft) for fault in faults]
        draft, shaping = _without(draft, faults)
        whole = whole and not shaping
    return Reading(None, problems, whole, _ids(document))


def _unreadable(problem: Problem) -> Reading:
    return Reading(None, [problem], whole=False, ids=[])


def _ids(document: Mapping[str, Any]) -> list[str]:
    steps = document.get("steps")
    found = (step.get("id") for step in steps if isinstance(step, Mapping)) if isinstance(steps, list) else ()
    return [step_id for step_id in found if isinstance(step_id, str)]


def _problem(fault: Fault, document: Mapping[str, Any]) -> Problem:
    step_id: str | None = None
    path = fault.path
    if len(path) >= 2 and path[0] == "steps" and isinstance(path[1], int):
        named = value_at(document, ("steps", path[1], "id"))
        if isinstance(named, str) and named:
            step_id, path = _inside(document["steps"][path[1]], named[:64], path[2:])
    return worded(fault, WorkflowDraft, path_text(path) or "steps", step_id)


def _inside(step: Any, step_id: str, path: Path) -> tuple[str, Path]:
    """A place in the body of a step: `each/charge` and the path below that step."""
    while path[:2] == ("body", "steps") and len(path) > 2:
        step = value_at(step, path[:3])
        named = value_at(step, ("id",))
        if not isinstance(named, str) or not named:
            break
        step_id, path = f"{step_id}/{named[:64]}", path[3:]
    return step_id, path


def _without(document: dict[str, Any], faults: list[Fault]) -> tuple[dict[str, Any], bool]:
    """The document without what is wrong, and whether steps or arrows were lost with it."""
    repaired = copy.deepcopy(document)
    shaping = False
    for path in sorted({_removable(fault) for fault in faults}, key=_from_the_end, reverse=True):
        shaping = (
            shaping or len(path) == 2 or any(part in _SHAPING for part in (path[0], *path[2:3]) if part != "steps")
        )
        _remove(repaired, path)
    if "name" not in repaired:
        repaired["name"] = "unnamed"
    return repaired, shaping


def _removable(fault: Fault) -> Path:
    """The smallest part that can go: a step cannot do without its id or ref, nor an arrow without its target."""
    path = fault.path
    if path[2:3] == ("body",):
        return path[:3]
    if path[-1:] in (("id",), ("ref",)) and len(path) == 3 and path[0] == "steps":
        return path[:2]
    if path[-1:] == ("to",) and len(path) > 3:
        return path[:-1]
    return path


def _from_the_end(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (0, str(part)) for part in path]


def _remove(document: Any, path: Path) -> None:
    holder = value_at(document, path[:-1])
    if path and holds(holder, path[-1]):
        del holder[path[-1]]
