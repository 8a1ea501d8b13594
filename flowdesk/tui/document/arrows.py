"""Edits of single arrows and single values. Each gives a new document and leaves the given one as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowdesk.tui.document.basics import (
    Change,
    Document,
    EditRefused,
    arrows_of,
    clone,
    put_arrows,
    step_of,
    steps_of,
)
from flowdesk.tui.draw.paths import Absent, Path, path_text, put

_OF_ITS_OWN = {"id": "rename the step instead", "next": "connect or disconnect steps instead"}


def connect(document: Document, source: str, target: str, condition: Mapping[str, Any] | None = None) -> Change:
    """Draw an arrow: `when`, `label` or `otherwise` say when it is taken, always without them.

    An arrow that led there already on the same route is replaced.
    """
    changed = clone(document)
    step_of(changed, target)
    if source == target or source in _reached(changed, target):
        raise EditRefused(f"{target} leads to {source} already: a workflow does not go in circles")
    step = step_of(changed, source)
    arrow = {"to": target, **(condition or {})}
    kept = [a for a in arrows_of(step) if not (a["to"] == target and a.get("label") == arrow.get("label"))]
    put_arrows(step, [*kept, arrow])
    return Change(changed, f"Connect {source} to {target}", source)


def disconnect(document: Document, source: str, target: str, label: str | None = None) -> Change:
    """Take away the arrows between two steps, or only that of one route."""
    changed = clone(document)
    step = step_of(changed, source)
    arrows = arrows_of(step)
    kept = [a for a in arrows if a["to"] != target or (label is not None and a.get("label") != label)]
    if kept == arrows:
        raise EditRefused(f"no such arrow leads from {source} to {target}")
    put_arrows(step, kept)
    return Change(changed, f"Disconnect {source} from {target}", source)


def set_value(document: Document, step_id: str, path: Path, value: Any) -> Change:
    """Put a value into a step, at a path below it; GONE removes what is there."""
    if path[:1] and path[0] in _OF_ITS_OWN:
        raise EditRefused(f"{path[0]} is not set as a value", hint=_OF_ITS_OWN[str(path[0])])
    changed = clone(document)
    _put(step_of(changed, step_id), path, value)
    return Change(changed, f"Change {path_text(path)} of {step_id}", step_id)


def set_workflow_value(document: Document, path: Path, value: Any) -> Change:
    """Put a value into the workflow itself: its name, its schedule; GONE removes what is there."""
    if path[:1] == ("steps",):
        raise EditRefused("steps are not set as a value", hint="edit the step instead")
    changed = clone(document)
    _put(changed, path, value)
    return Change(changed, f"Change {path_text(path)}")


def _put(holder: Any, path: Path, value: Any) -> None:
    if not path:
        raise EditRefused("a value needs a place")
    try:
        put(holder, path, value if isinstance(value, Absent) else clone(value))
    except LookupError:
        raise EditRefused(f"{path_text(path)} has no place here", hint="edit the source instead") from None


def _reached(document: Document, start: str) -> set[str]:
    """The steps that come after one, whichever way."""
    follow = {
        step["id"]: [*(arrow["to"] for arrow in arrows_of(step)), step.get("onError")] for step in steps_of(document)
    }
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for step_id in follow.get(waiting.pop(), []):
            if isinstance(step_id, str) and step_id not in found:
                found.add(step_id)
                waiting.append(step_id)
    return found
