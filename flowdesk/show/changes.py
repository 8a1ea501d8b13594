"""What differs between two workflow documents, and how that reads. Steps are compared by id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.jsonio import dump_text
from flowdesk.clean import clean
from flowdesk.replies import ChangeDoc
from flowdesk.same import same_json
from flowdesk.show.paint import Paint
from flowdesk.show.text import shorten

_NOTHING: Final = object()
_VALUE_COLUMNS: Final = 60


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> list[ChangeDoc]:
    """Every difference, in the order of the older document, as the server's diff of versions tells them."""
    return list(_differences("", _by_step(before), _by_step(after)))


def change_lines(changes: list[ChangeDoc], paint: Paint) -> list[str]:
    """`~ steps.greet.params.url: "http://a" → "http://b"`, one line each."""
    return [_line(change, paint) for change in changes]


def _line(change: ChangeDoc, paint: Paint) -> str:
    path = clean(change["path"])
    if change["kind"] == "added":
        return paint.good(f"+ {path}: {_value(change['after'])}")
    if change["kind"] == "removed":
        return paint.bad(f"- {path}: {_value(change['before'])}")
    return paint.warn(f"~ {path}: ") + f"{_value(change['before'])} → {_value(change['after'])}"


def _value(value: Any) -> str:
    return shorten(clean(dump_text(value)), _VALUE_COLUMNS)


def _by_step(document: dict[str, Any]) -> dict[str, Any]:
    steps = document.get("steps", [])
    return {**document, "steps": {step["id"]: step for step in steps}}


def _differences(path: str, before: Any, after: Any) -> Iterator[ChangeDoc]:
    if before is _NOTHING:
        yield {"path": path, "kind": "added", "before": None, "after": after}
    elif after is _NOTHING:
        yield {"path": path, "kind": "removed", "before": before, "after": None}
    elif isinstance(before, dict) and isinstance(after, dict):
        if path == "steps":
            yield from _order(before, after)
        for key in [*before, *(key for key in after if key not in before)]:
            below = f"{path}.{key}" if path else key
            yield from _differences(below, before.get(key, _NOTHING), after.get(key, _NOTHING))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old, new = (items[index] if index < len(items) else _NOTHING for items in (before, after))
            yield from _differences(f"{path}[{index}]", old, new)
    elif not same_json(before, after):
        yield {"path": path, "kind": "changed", "before": before, "after": after}


def _order(before: dict[str, Any], after: dict[str, Any]) -> Iterator[ChangeDoc]:
    old, new = [i for i in before if i in after], [i for i in after if i in before]
    if old != new:
        yield {"path": "steps", "kind": "changed", "before": old, "after": new}
