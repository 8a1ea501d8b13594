"""What every edit of a workflow document needs: copies, steps by id, arrows, and ids nobody uses yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import FlowDeskError

Document = dict[str, Any]
Step = dict[str, Any]
Arrow = dict[str, Any]

GOOD_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_LONGEST_ID: Final = 64


class EditRefused(FlowDeskError):
    """The edit makes no sense here; the document is as it was."""

    code = "edit_refused"


@dataclass(slots=True, frozen=True)
class Change:
    """What an edit made: the new document, what was done in a few words, and the step to stand on afterwards.

    `note` says what else came of it, where that is not obvious.
    """

    document: Document
    what: str
    step: str | None = None
    note: str = ""


def clone(value: Any) -> Any:
    """A copy that shares nothing: YAML's aliases make one object stand in several places."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clone(item) for item in value]
    return value


def steps_of(document: Document) -> list[Step]:
    """The document's own list of steps."""
    steps: list[Step] = document.setdefault("steps", [])
    return steps


def position(document: Document, step_id: str) -> int:
    """Where the step stands; EditRefused when there is none of that id."""
    for index, step in enumerate(steps_of(document)):
        if step["id"] == step_id:
            return index
    raise EditRefused(f"there is no step called {step_id}", hint="it may have been removed or renamed meanwhile")


def step_of(document: Document, step_id: str) -> Step:
    """The step of that id, to be changed in place."""
    return steps_of(document)[position(document, step_id)]


def arrows_of(step: Step) -> list[Arrow]:
    """The step's `next` as a list of objects, whichever way it is written."""
    written = step.get("next")
    items = written if isinstance(written, list) else [] if written is None else [written]
    return [{"to": item} if isinstance(item, str) else dict(item) for item in items]


def put_arrows(step: Step, arrows: list[Arrow]) -> None:
    """Write `next` in its shortest form, each arrow once; nothing at all for none."""
    kept = [arrow for at, arrow in enumerate(arrows) if arrow not in arrows[:at]]
    written = [arrow["to"] if arrow.keys() == {"to"} else arrow for arrow in kept]
    if not written:
        step.pop("next", None)
    else:
        step["next"] = written[0] if len(written) == 1 and isinstance(written[0], str) else written


def is_plain(arrow: Arrow) -> bool:
    """Whether the arrow is always taken."""
    return not (arrow.get("when") or arrow.get("label") or arrow.get("otherwise"))


def fresh_id(document: Document, wanted: str) -> str:
    """An id like the wanted one that no step has: `http_request`, `http_request_2`."""
    taken = {step["id"] for step in steps_of(document)}
    base = re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_-")[: _LONGEST_ID - 6] or "step"
    if base not in taken:
        return base
    stem = re.sub(r"_[0-9]+\Z", "", base)
    number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"
