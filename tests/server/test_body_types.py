"""Bodies of requests mean what they say: no number is made of text, no switch of a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from engine.models.policy import Quotas
from engine.schedules.params import Timing
from server.api_models import WorkflowUpdate
from server.app import all_routes
from server.requests import validated
from server.schedule_models import WindowQuery

WRITTEN_BY_HAND: tuple[type[BaseModel], ...] = (WorkflowUpdate, Timing, WindowQuery)
"""Parts of workflow files and of query strings, where `"5"` has always been a number."""


def plain(kind: Any) -> list[Any]:
    """The types a value may have, without what wraps them."""
    if get_origin(kind) is None:
        return [kind]
    if get_origin(kind) is Literal:
        return []
    inner = get_args(kind)[:1] if get_origin(kind) is Annotated else get_args(kind)
    return [part for one in inner for part in plain(one)]


def bodies(kind: Any, seen: set[type[BaseModel]]) -> Iterator[tuple[str, FieldInfo]]:
    """Every field of these bodies of the API's own, and of what they hold."""
    for model in plain(kind):
        if isinstance(model, type) and issubclass(model, BaseModel) and model not in seen:
            seen.add(model)
            ours = model.__module__.startswith("server.") or model is Quotas
            for name, field in model.model_fields.items():
                if ours and not any(
                    name in known.model_fields for known in WRITTEN_BY_HAND if issubclass(model, known)
                ):
                    yield f"{model.__name__}.{name}", field
                yield from bodies(field.annotation, seen)


def mistaken(kinds: list[Any]) -> list[Any]:
    """What a field of these types must not take, although pydantic would."""
    wrong = {"1": bool in kinds or int in kinds, True: int in kinds, 0: bool in kinds}
    return [value for value, refused in wrong.items() if refused and type(value) not in kinds]


def fields() -> list[tuple[str, FieldInfo]]:
    """Numbers and switches in bodies."""
    seen: set[type[BaseModel]] = set()
    found = [one for route in all_routes() if route.body is not None for one in bodies(route.body, seen)]
    return [(name, field) for name, field in found if {int, bool} & set(plain(field.annotation))]


def test_numbers_and_switches_are_what_they_look_like() -> None:
    """Row 23: `{"queued": false}` must not become 0, which lifts the quota."""
    found = fields()
    assert len(found) > 10
    taken = []
    for name, field in found:
        kind: Any = Annotated[(field.annotation, *field.metadata, name)]
        for value in mistaken(plain(field.annotation)):
            try:
                TypeAdapter(kind).validate_python(value)
            except ValidationError:
                continue
            taken.append((name, value))
    assert taken == []


@pytest.mark.parametrize("queued", [False, "1", 1.5])
def test_a_quota_is_a_number(queued: Any) -> None:
    with pytest.raises(Exception, match="queued"):
        validated({"queued": queued}, Quotas)
