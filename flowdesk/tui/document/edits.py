"""Edits of the steps of a workflow document. Each gives a new document and leaves the given one as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flowdesk.replies import StepKind
from flowdesk.tui.document.basics import (
    GOOD_ID,
    Change,
    Document,
    EditRefused,
    Step,
    arrows_of,
    clone,
    fresh_id,
    is_plain,
    position,
    put_arrows,
    step_of,
    steps_of,
)
from flowdesk.tui.document.references import rename_in_condition, rename_in_params

CONDITION_FIELDS: Final = frozenset({"condition", "expression", "when", "if"})
"""Parameters of our own steps that hold a condition, where names are no templates."""
UNTIL_STEP: Final = "untilStep"
"""The parameter of our own steps that names another step."""


def new_step(kind: StepKind) -> Step:
    """A step of this kind, with the parameters of its first example; the id comes when it is added."""
    example: Mapping[str, Any] = kind["examples"][0] if kind["examples"] else {}
    step: Step = {"id": kind["ref"], "ref": kind["ref"]}
    if kind["kind"].upper() == "TRIGGER":
        step = {"id": kind["ref"], "type": "TRIGGER", "ref": kind["ref"]}
    params = example.get("params")
    return {**step, "params": clone(params)} if params else step


def add_after(document: Document, after: str | None, step: Step) -> Change:
    """Put the step behind another, which leads to it from now on; without one, at the end and unconnected.

    What came next comes next still. Behind a step that branches it goes into the first of the arrows.
    """
    changed = clone(document)
    added = _named(changed, step)
    if after is None:
        steps_of(changed).append(added)
        return Change(changed, f"Add step {added['id']}", added["id"])
    before = step_of(changed, after)
    arrows = arrows_of(before)
    if not all(map(is_plain, arrows)):
        put_arrows(added, [{"to": arrows[0]["to"]}])
        arrows[0]["to"] = added["id"]
        put_arrows(before, arrows)
    else:
        put_arrows(added, arrows)
        put_arrows(before, [{"to": added["id"]}])
    steps_of(changed).insert(position(changed, after) + 1, added)
    return Change(changed, f"Add step {added['id']}", added["id"])


def add_before(document: Document, before: str, step: Step) -> Change:
    """Put the step in front of another: everything that led there leads to the new one."""
    changed = clone(document)
    if step_of(changed, before).get("type") == "TRIGGER":
        raise EditRefused(f"{before} is a trigger, nothing comes before it", hint="add the step after it")
    added = _named(changed, step)
    _redirect(changed, before, added["id"])
    put_arrows(added, [{"to": before}])
    steps_of(changed).insert(position(changed, before), added)
    return Change(changed, f"Add step {added['id']}", added["id"])


def add_branch(document: Document, source: str, step: Step, condition: Mapping[str, Any]) -> Change:
    """Add the step with an arrow of its own from `source`: `when`, `label` or `otherwise`, or none of them."""
    changed = clone(document)
    added = _named(changed, step)
    before = step_of(changed, source)
    put_arrows(before, [*arrows_of(before), {"to": added["id"], **condition}])
    steps_of(changed).insert(position(changed, source) + 1, added)
    return Change(changed, f"Add branch to {added['id']}", added["id"])


def duplicate(document: Document, step_id: str) -> Change:
    """Put a copy of the step behind it."""
    made = add_after(document, step_id, copied(document, step_id))
    return Change(made.document, f"Duplicate step {step_id}", made.step)


def copied(document: Document, step_id: str) -> Step:
    """The step without its arrows, to be pasted with `add_after`."""
    copy: Step = clone(step_of(document, step_id))
    copy.pop("next", None)
    return copy


def remove(document: Document, step_id: str) -> Change:
    """Take the step away; what led to it leads to what came next, with the conditions of the arrows that led to it.

    A branch moves to the only arrow that led to the step, when its conditions do not ask what the step gave. Else only
    its first target is connected: to take all of them would run what excluded each other. `loose` tells the others.
    """
    changed = clone(document)
    index = position(changed, step_id)
    gone = steps_of(changed).pop(index)
    arrows = [arrow for arrow in arrows_of(gone) if arrow["to"] != step_id]
    targets = [arrow["to"] for arrow in (arrows if all(map(is_plain, arrows)) else arrows[:1])]
    for step in steps_of(changed):
        if any(arrow["to"] == step_id for arrow in arrows_of(step)):
            put_arrows(step, _taken_over(step, arrows, step_id) or _around(step, step_id, targets))
        if step.get("onError") == step_id:
            _put_or_drop(step, "onError", next((to for to in targets if to != step["id"]), None))
        if step.get("undo") == step_id:
            del step["undo"]
    if changed.get("entryStepId") == step_id:
        _put_or_drop(changed, "entryStepId", targets[0] if targets else None)
    if step_id in _lasts(changed):
        named = [other for one in _lasts(changed) for other in (targets if one == step_id else [one])]
        _put_or_drop(changed, "finally", list(dict.fromkeys(named)) or None)
    left = steps_of(changed)
    stand = left[min(index, len(left) - 1)]["id"] if left else None
    return Change(changed, f"Remove step {step_id}", stand)


def loose(before: Document, after: Document) -> list[str]:
    """The steps something led to before and nothing leads to now."""

    def reached(document: Document) -> set[str]:
        steps = steps_of(document)
        return {arrow["to"] for step in steps for arrow in arrows_of(step)} | {
            step["onError"] for step in steps if isinstance(step.get("onError"), str)
        }

    lost = reached(before) - reached(after)
    return [step["id"] for step in steps_of(after) if step["id"] in lost and step["id"] != after.get("entryStepId")]


def rename(document: Document, old: str, new: str) -> Change:
    """Give the step another id, and say it everywhere: arrows, templates and conditions."""
    changed = clone(document)
    step = step_of(changed, old)
    if not GOOD_ID.match(new):
        raise EditRefused("an id has letters, digits, _ and -, begins with a letter or digit, and has at most 64")
    if new != old and any(other["id"] == new for other in steps_of(changed)):
        raise EditRefused(f"there is a step called {new} already")
    step["id"] = new
    _redirect(changed, old, new)
    if old in _lasts(changed):
        changed["finally"] = [new if one == old else one for one in _lasts(changed)]
    for other in steps_of(changed):
        if other.get("undo") == old:
            other["undo"] = new
        if isinstance(other.get("params"), dict) and other["params"].get(UNTIL_STEP) == old:
            other["params"][UNTIL_STEP] = new
        if "params" in other:
            other["params"] = rename_in_params(other["params"], old, new, CONDITION_FIELDS)
        arrows = arrows_of(other)
        for arrow in arrows:
            if isinstance(arrow.get("when"), str):
                arrow["when"] = rename_in_condition(arrow["when"], old, new)
        if arrows != arrows_of(other):
            put_arrows(other, arrows)
    return Change(changed, f"Rename {old} to {new}", new)


def reorder(document: Document, step_id: str, to: int) -> Change:
    """Move the step to that place in the list; what leads where stays."""
    changed = clone(document)
    step = steps_of(changed).pop(position(changed, step_id))
    steps_of(changed).insert(max(0, to), step)
    return Change(changed, f"Move step {step_id}", step_id)


def _named(document: Document, step: Step) -> Step:
    added: Step = clone(step)
    return {**added, "id": fresh_id(document, added["id"])}


def _redirect(document: Document, old: str, new: str) -> None:
    """Let everything that leads to one step lead to another."""
    for step in steps_of(document):
        arrows = arrows_of(step)
        if any(arrow["to"] == old for arrow in arrows):
            put_arrows(step, [{**arrow, "to": new} if arrow["to"] == old else arrow for arrow in arrows])
        if step.get("onError") == old:
            step["onError"] = new
    if document.get("entryStepId") == old:
        document["entryStepId"] = new


def _taken_over(step: Step, branch: list[dict[str, Any]], gone: str) -> list[dict[str, Any]]:
    """The branch of the step that goes as one of this step; nothing when it cannot be."""
    own = arrows_of(step)
    simple = len(own) == 1 and is_plain(own[0]) and not any(map(is_plain, branch))
    conditions = [str(arrow.get("when") or "") for arrow in branch]
    asks = any(rename_in_condition(condition, gone, f"{gone}_") != condition for condition in conditions)
    moves = simple and not asks and not any(arrow.get("label") or arrow["to"] == step["id"] for arrow in branch)
    return [dict(arrow) for arrow in branch] if moves else []


def _around(step: Step, gone: str, targets: list[str]) -> list[dict[str, Any]]:
    return [
        {**arrow, "to": to}
        for arrow in arrows_of(step)
        for to in (targets if arrow["to"] == gone else [arrow["to"]])
        if to != step["id"]
    ]


def _lasts(document: Document) -> list[Any]:
    """The steps named in `finally`, as far as it is a list while it is edited."""
    named = document.get("finally")
    return named if isinstance(named, list) else []


def _put_or_drop(holder: dict[str, Any], key: str, value: str | list[str] | None) -> None:
    if value is None:
        del holder[key]
    else:
        holder[key] = value
