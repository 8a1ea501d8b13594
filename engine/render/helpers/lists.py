"""Helpers for lists and objects; `first`, `last`, `slice` and `length` know texts as well."""

from __future__ import annotations

from typing import Any

from engine.jsonio import dump_text
from engine.render.helpers.base import HelperError, Helpers, bounded, int_arg, kind_of, text_arg

helpers = Helpers("Lists and objects")


@helpers.add("length", "any", nulls=True, example="{{data.items | length}}", data={"items": [1, 2]}, output=2)
def length(value: Any) -> int:
    """How many items a list has, keys an object, characters a text. Null has none."""
    if value is None:
        return 0
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise HelperError(f"{kind_of(value)} has no length")


@helpers.add("first", "any", example="{{data.items | first}}", data={"items": ["a", "b"]}, output="a")
def first(value: Any) -> Any:
    """The first item or character; null when there is none."""
    return _sequence(value)[0] if value else None


@helpers.add("last", "any", example="{{data.items | last}}", data={"items": ["a", "b"]}, output="b")
def last(value: Any) -> Any:
    """The last item or character; null when there is none."""
    return _sequence(value)[-1] if value else None


@helpers.add(
    "slice",
    "any",
    int_arg,
    int_arg,
    optional=1,
    example="{{data.items | slice 1 3}}",
    data={"items": [1, 2, 3, 4]},
    output=[2, 3],
)
def part(value: Any, start: int, end: int | None = None) -> Any:
    """From the first position up to, not including, the second; counted from 0, or from the end when negative."""
    return _sequence(value)[start:end]


@helpers.add(
    "join", "list", text_arg, optional=1, example='{{data.tags | join ", "}}', data={"tags": ["a", 1]}, output="a, 1"
)
def join(value: list[Any], separator: str = ",") -> str:
    """One text of all items, with the separator between them (a comma when not given). Null items are left out."""
    parts = [item if isinstance(item, str) else dump_text(item) for item in value if item is not None]
    bounded(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


@helpers.add(
    "pluck",
    "list",
    text_arg,
    example='{{data.orders | pluck "id" | join " "}}',
    data={"orders": [{"id": "a"}, {"id": "b"}]},
    output="a b",
)
def pluck(value: list[Any], key: str) -> list[Any]:
    """The value of this key in each of the objects; null where there is none."""
    return [item.get(key) if isinstance(item, dict) else None for item in value]


@helpers.add("sort", "list", example="{{data.names | sort}}", data={"names": ["b", "a"]}, output=["a", "b"])
def ordered(value: list[Any]) -> list[Any]:
    """In rising order: all numbers, or all texts."""
    try:
        return sorted(value)
    except TypeError:
        raise HelperError("can sort numbers or texts, not a mixture") from None


@helpers.add("reverse", "list", example="{{data.names | reverse}}", data={"names": ["a", "b"]}, output=["b", "a"])
def backwards(value: list[Any]) -> list[Any]:
    """The last item first."""
    return value[::-1]


@helpers.add("unique", "list", example="{{data.tags | unique}}", data={"tags": ["a", "b", "a"]}, output=["a", "b"])
def unique(value: list[Any]) -> list[Any]:
    """Each text, number or boolean once, where it first stands."""
    if any(isinstance(item, list | tuple | dict) for item in value):
        raise HelperError("knows texts, numbers and booleans, not lists or objects")
    seen: dict[tuple[bool, Any], Any] = {}
    for item in value:
        seen.setdefault((isinstance(item, bool), item), item)
    return list(seen.values())


@helpers.add("keys", "any", example="{{data.person | keys}}", data={"person": {"name": "Ada"}}, output=["name"])
def keys(value: Any) -> list[str]:
    """The keys of an object."""
    return list(_object(value))


@helpers.add("values", "any", example="{{data.person | values}}", data={"person": {"name": "Ada"}}, output=["Ada"])
def values(value: Any) -> list[Any]:
    """The values of an object."""
    return list(_object(value).values())


def _sequence(value: Any) -> Any:
    if isinstance(value, str | list | tuple):
        return value
    raise HelperError(f"works on a list or a text, not on {kind_of(value)}")


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise HelperError(f"works on an object, not on {kind_of(value)}")
