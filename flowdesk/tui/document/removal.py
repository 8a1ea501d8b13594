"""Taking a step out of a workflow, so that what led to it leads to everything that came next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowdesk.tui.document.basics import (
    Arrow,
    Change,
    Document,
    Step,
    arrows_of,
    clone,
    is_plain,
    position,
    put_arrows,
    steps_of,
)
from flowdesk.tui.document.references import rename_in_condition


def remove(document: Document, step_id: str) -> Change:
    """Take the step away; every step that led to it leads to each of its targets.

    An arrow's condition and that of the arrow behind it become one, `otherwise` being what it stands for. A condition
    that only the step could answer, by its output or its route, goes with it: the arrow is there without it, and the
    change's note says so. `loose` tells what cannot be connected.
    """
    changed = clone(document)
    index = position(changed, step_id)
    gone = steps_of(changed).pop(index)
    out = [arrow for arrow in arrows_of(gone) if arrow["to"] != step_id]
    targets = list(dict.fromkeys(arrow["to"] for arrow in out))
    led, lost = [], False
    for step in steps_of(changed):
        if any(arrow["to"] == step_id for arrow in arrows_of(step)):
            way = _Way(step, step_id, out)
            put_arrows(step, way.arrows)
            led.append(step["id"])
            lost = lost or way.lost
        if step.get("onError") == step_id:
            put_or_drop(step, "onError", next((to for to in targets if to != step["id"]), None))
        if step.get("undo") == step_id:
            del step["undo"]
    if changed.get("entryStepId") == step_id:
        put_or_drop(changed, "entryStepId", targets[0] if targets else None)
    if step_id in lasts_of(changed):
        named = [other for one in lasts_of(changed) for other in (targets if one == step_id else [one])]
        put_or_drop(changed, "finally", list(dict.fromkeys(named)) or None)
    left = steps_of(changed)
    stand = left[min(index, len(left) - 1)]["id"] if left else None
    return Change(changed, f"Remove step {step_id}", stand, _note(changed, step_id, led, targets, lost=lost))


def loose(before: Document, after: Document) -> list[str]:
    """The steps something led to before and nothing leads to now."""

    def reached(document: Document) -> set[str]:
        steps = steps_of(document)
        return {arrow["to"] for step in steps for arrow in arrows_of(step)} | {
            step["onError"] for step in steps if isinstance(step.get("onError"), str)
        }

    steps = steps_of(after)
    lost = reached(before) - reached(after) - {after.get("entryStepId"), *lasts_of(after)}
    if not any(step.get("type") == "TRIGGER" for step in steps) and not after.get("entryStepId"):
        lost -= {step["id"] for step in steps[:1]}  # where runs start then
    return [step["id"] for step in steps if step["id"] in lost]


def lasts_of(document: Document) -> list[Any]:
    """The steps named in `finally`, as far as it is a list while it is edited."""
    named = document.get("finally")
    return named if isinstance(named, list) else []


def put_or_drop(holder: dict[str, Any], key: str, value: str | list[str] | None) -> None:
    """Set the value; without one, have no such key."""
    if value is None:
        del holder[key]
    else:
        holder[key] = value


class _Way:
    """The arrows of a step when another that it led to is gone. `lost` tells whether a condition went with it."""

    def __init__(self, step: Step, gone: str, out: Sequence[Arrow]) -> None:
        self._own = arrows_of(step)
        self._gone = gone
        self._out = [arrow for arrow in out if arrow["to"] != step["id"]]
        self.lost = False
        self.arrows = list(self._all())

    def _all(self) -> Iterator[Arrow]:
        always = {arrow["to"] for arrow in self._own if is_plain(arrow)}
        for arrow in self._own:
            if arrow["to"] != self._gone:
                yield arrow
            else:
                yield from (new for new in self._through(arrow) if new["to"] not in always)

    def _through(self, arrow: Arrow) -> list[Arrow]:
        """This arrow, going on to where the step that is gone led."""
        plain = all(map(is_plain, self._out))
        if plain and (not arrow.get("otherwise") or len(self._out) == 1):
            return [{**arrow, "to": out["to"]} for out in self._out]
        if all(map(is_plain, self._own)) and not any(map(self._asks, self._out)):
            return [dict(out) for out in self._out]
        if arrow.get("label"):
            self.lost = True
            return [{**arrow, "to": out["to"]} for out in self._out]
        given = _condition(arrow, self._own)
        if given is None:  # one arrow is what `otherwise` may have
            self.lost = self.lost or not plain
            return [{**arrow, "to": out["to"]} for out in self._out[:1]]
        return [self._joined(given, out) for out in self._out]

    def _joined(self, given: str, out: Arrow) -> Arrow:
        asked = None if self._asks(out) else _condition(out, self._out)
        self.lost = self.lost or asked is None
        parts = [part for part in (given, asked) if part]
        when = parts[0] if len(parts) == 1 else " && ".join(f"({part})" for part in parts)
        return {"to": out["to"], "when": when} if when else {"to": out["to"]}

    def _asks(self, out: Arrow) -> bool:
        """Whether only the step that is gone could tell if this arrow is taken."""
        if out.get("otherwise"):
            return any(map(self._asks, (other for other in self._out if not other.get("otherwise"))))
        condition = str(out.get("when") or "")
        return bool(out.get("label")) or rename_in_condition(condition, self._gone, f"{self._gone}_") != condition


def _condition(arrow: Arrow, among: Sequence[Arrow]) -> str | None:
    """When this one of a step's arrows is taken: empty for always, None when no condition says it."""
    if arrow.get("label") or (arrow.get("otherwise") and any(other.get("label") for other in among)):
        return None
    if arrow.get("otherwise"):
        return " && ".join(f"!({other['when']})" for other in among if other.get("when"))
    return str(arrow.get("when") or "")


def _note(document: Document, gone: str, led: Sequence[str], targets: Sequence[str], *, lost: bool) -> str:
    """What was connected, in words."""
    now = {arrow["to"] for step in steps_of(document) if step["id"] in led for arrow in arrows_of(step)}
    reached = [to for to in targets if to in now]
    if not led or not reached:
        return ""
    said = f"{_listed(led)} {'leads' if len(led) == 1 else 'lead'} to {_listed(reached)} now"
    return said + (f", without the conditions that {gone} had for that" if lost else "")


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
