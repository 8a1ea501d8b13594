"""Edits of the steps of a workflow document. Each gives a new document and leaves the given one as it was."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from flowdesk.tui.document.removal import lasts_of

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

    What came next comes next still. Behind a step that branches it goes into the first of the arrows. A trigger, which
    nothing leads to, leads to the other step itself, or to what the other trigger leads to.
    """
    if after is not None and step.get("type") == "TRIGGER":
        return _add_trigger(document, after, step)
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
    """Put the step in front of another: everything that led there leads to the new one.

    A trigger only leads there, too.
    """
    if step.get("type") == "TRIGGER":
        return _add_trigger(document, before, step)
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
    if step.get("type") == "TRIGGER":
        raise EditRefused("a trigger starts runs, so no branch leads to it", hint="add it after or before the step")
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


def rename(document: Document, old: str, new: str, expressions: Mapping[str, Collection[str]] | None = None) -> Change:
    """Give the step another id, and say it everywhere: arrows, templates, conditions and outputs.

    `expressions` tells which parameters hold CEL, as `cases[].when`, for each kind of step that is known.
    """
    changed = clone(document)
    step = step_of(changed, old)
    if not GOOD_ID.match(new):
        raise EditRefused("an id has letters, digits, _ and -, begins with a letter or digit, and has at most 64")
    if new != old and any(other["id"] == new for other in steps_of(changed)):
        raise EditRefused(f"there is a step called {new} already")
    step["id"] = new
    _redirect(changed, old, new)
    if old in lasts_of(changed):
        changed["finally"] = [new if one == old else one for one in lasts_of(changed)]
    for other in steps_of(changed):
        if other.get("undo") == old:
            other["undo"] = new
        if isinstance(other.get("params"), dict) and other["params"].get(UNTIL_STEP) == old:
            other["params"][UNTIL_STEP] = new
        if "params" in other:
            paths = (expressions or {}).get(str(other.get("ref")))
            other["params"] = rename_in_params(other["params"], old, new, paths)
        arrows = arrows_of(other)
        for arrow in arrows:
            if isinstance(arrow.get("when"), str):
                arrow["when"] = rename_in_condition(arrow["when"], old, new)
        if arrows != arrows_of(other):
            put_arrows(other, arrows)
    outputs = changed.get("outputs")
    if isinstance(outputs, dict):
        changed["outputs"] = {
            name: rename_in_condition(text, old, new) if isinstance(text, str) else text
            for name, text in outputs.items()
        }
    return Change(changed, f"Rename {old} to {new}", new)


def reorder(document: Document, step_id: str, to: int) -> Change:
    """Move the step to that place in the list; what leads where stays."""
    changed = clone(document)
    step = steps_of(changed).pop(position(changed, step_id))
    steps_of(changed).insert(max(0, to), step)
    return Change(changed, f"Move step {step_id}", step_id)


def _add_trigger(document: Document, beside: str, step: Step) -> Change:
    """Behind the other triggers, since the first of them is where a run starts that was started by hand."""
    changed = clone(document)
    added = _named(changed, step)
    other = step_of(changed, beside)
    put_arrows(added, arrows_of(other) if other.get("type") == "TRIGGER" else [{"to": beside}])
    triggers = [index for index, one in enumerate(steps_of(changed)) if one.get("type") == "TRIGGER"]
    steps_of(changed).insert(triggers[-1] + 1 if triggers else 0, added)
    return Change(changed, f"Add step {added['id']}", added["id"])


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
