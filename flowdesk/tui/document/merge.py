"""Two people's changes of the same workflow, brought together by step and by field of the workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from flowdesk.same import same_json
from flowdesk.tui.document.basics import Document, clone
from flowdesk.tui.draw.paths import GONE

Side = Literal["mine", "theirs"]
ORDER: Final = "steps"
"""The name of the conflict about the order of steps."""


@dataclass(slots=True, frozen=True)
class Conflict:
    """Something both changed, differently. A value is GONE where it was removed or never was.

    `name` is `steps.send_email` for a step, `timezone` for a field of the workflow, and `steps` for their order.
    """

    name: str
    step: str | None
    base: Any
    mine: Any
    theirs: Any


@dataclass(slots=True, frozen=True)
class Merged:
    """The document with all changes; where a conflict has no choice yet, mine stands."""

    document: Document
    conflicts: tuple[Conflict, ...]

    def undecided(self, choices: Mapping[str, Side]) -> list[Conflict]:
        """The conflicts nobody has chosen about."""
        return [conflict for conflict in self.conflicts if conflict.name not in choices]


def three_way(base: Document, mine: Document, theirs: Document, choices: Mapping[str, Side] | None = None) -> Merged:
    """Both sets of changes since `base`; `choices` decide conflicts, by name."""
    merging = _Merging(choices or {})
    fields = [key for key in dict.fromkeys([*mine, *theirs]) if key != "steps"]
    document: Document = {}
    for key in fields:
        value = merging.pick(key, None, *(side.get(key, GONE) for side in (base, mine, theirs)))
        if value is not GONE:
            document[key] = clone(value)
    document["steps"] = _steps(merging, *(_by_id(side) for side in (base, mine, theirs)))
    return Merged(document, tuple(merging.conflicts))


class _Merging:
    """Chooses between values and collects what cannot be chosen."""

    def __init__(self, choices: Mapping[str, Side]) -> None:
        self.choices = choices
        self.conflicts: list[Conflict] = []

    def pick(self, name: str, step: str | None, base: Any, mine: Any, theirs: Any) -> Any:
        """The value that stands."""
        if _same(mine, theirs) or _same(base, theirs):
            return mine
        if _same(base, mine):
            return theirs
        self.conflicts.append(Conflict(name, step, base, mine, theirs))
        return theirs if self.choices.get(name) == "theirs" else mine


def _steps(
    merging: _Merging, base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> list[dict[str, Any]]:
    kept = {}
    for step_id in dict.fromkeys([*mine, *theirs]):
        sides = (side.get(step_id, GONE) for side in (base, mine, theirs))
        step = merging.pick(f"steps.{step_id}", step_id, *sides)
        if step is not GONE:
            kept[step_id] = step
    return [
        clone(kept[step_id]) for step_id in _order(merging, list(base), list(mine), list(theirs)) if step_id in kept
    ]


def _order(merging: _Merging, base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """All ids of both: in the order of who moved steps, with what the other added behind what it came after there."""
    i_moved, they_moved = _common(mine, base) != _common(base, mine), _common(theirs, base) != _common(base, theirs)
    lead, other = (mine, theirs) if i_moved else (theirs, mine)
    if i_moved and they_moved and _common(mine, theirs) != _common(theirs, mine):
        chosen = merging.pick(ORDER, None, base, mine, theirs)
        lead, other = (theirs, mine) if chosen is theirs else (mine, theirs)
    order = list(lead)
    before: str | None = None
    for step_id in other:
        if step_id not in order:
            order.insert(0 if before is None else order.index(before) + 1, step_id)
        before = step_id
    return order


def _common(one: list[str], other: list[str]) -> list[str]:
    known = set(other)
    return [step_id for step_id in one if step_id in known]


def _by_id(document: Document) -> dict[str, Any]:
    return {step["id"]: step for step in document.get("steps", [])}


def _same(one: Any, other: Any) -> bool:
    return one is other if one is GONE or other is GONE else same_json(one, other)
