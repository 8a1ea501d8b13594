"""What changed between two versions of a workflow: a structural diff by path, steps matched by id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_SAVED_BY_SERVER: Final = frozenset({"version", "createdAt", "updatedAt"})
_PLAIN: Final = re.compile(r"[A-Za-z0-9_$-]+\Z")
_MISSING: Final = object()

Change = dict[str, Any]


def workflow_changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Every difference between two workflow documents, in document order.

    Steps are compared by id, so moving one is a change of `steps` (its order) and not of every step after it.
    """
    return list(_differences("", _prepared(before), _prepared(after)))


def _prepared(document: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in document.items() if key not in _SAVED_BY_SERVER}
    kept["steps"] = {step["id"]: step for step in document.get("steps", [])}
    return kept


def _differences(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before is _MISSING:
        yield {"path": path, "kind": "added", "before": None, "after": after}
    elif after is _MISSING:
        yield {"path": path, "kind": "removed", "before": before, "after": None}
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _in_objects(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _MISSING
            new = after[index] if index < len(after) else _MISSING
            yield from _differences(f"{path}[{index}]", old, new)
    elif not _same(before, after):
        yield {"path": path, "kind": "changed", "before": before, "after": after}


def _in_objects(path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    if path == "steps":
        yield from _order(before, after)
    for key in [*before, *(key for key in after if key not in before)]:
        yield from _differences(_join(path, key), before.get(key, _MISSING), after.get(key, _MISSING))


def _order(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    old = [step_id for step_id in before if step_id in after]
    new = [step_id for step_id in after if step_id in before]
    if old != new:
        yield {"path": "steps", "kind": "changed", "before": old, "after": new}


def _same(before: Any, after: Any) -> bool:
    # Python's True == 1 == 1.0, JSON's do not read alike.
    return type(before) is type(after) and bool(before == after)


def _join(path: str, key: str) -> str:
    if not _PLAIN.match(key):
        quoted = key.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key
