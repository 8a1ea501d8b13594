"""Large values the journal keeps apart, as answers show them: `{"$blob": ref, "size": n}` in the value's place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from engine.models.event import Event, EventType

_NAMES: Final = {
    EventType.STEP_SUCCEEDED: ("output",),
    EventType.STEP_STARTED: ("input",),
    EventType.WAIT_STARTED: ("items", "data"),
}


def with_markers(event: Event) -> Event:
    """The event with markers instead of references; itself when it has none."""
    if event.type is EventType.RUN_STARTED:
        trigger = _marked(event.data["trigger"], ("data", "meta"))
        return event if trigger is event.data["trigger"] else replace(event, data={**event.data, "trigger": trigger})
    data = _marked(event.data, _NAMES.get(event.type, ()))
    return event if data is event.data else replace(event, data=data)


def is_marker(value: Any) -> bool:
    """Whether this stands for a value kept apart."""
    return isinstance(value, dict) and value.keys() == {"$blob", "size"}


def _marked(data: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    for name in names:
        reference = data.get(f"{name}Ref")
        if reference is not None:
            rest = {key: value for key, value in data.items() if key != f"{name}Ref"}
            data = {**rest, name: {"$blob": reference["ref"], "size": reference["size"]}}
    return data
