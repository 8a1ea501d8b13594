"""The part of a scope that an expression reads, and no more.

The library converts everything it is given, about 0.3 us for each value: a thousand rows cost three milliseconds even
when the expression looks at one key beside them. So each path that is read is copied into a skeleton of the scope. What
an expression only counts or asks the presence of is replaced by as many nulls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.expressions.budget import Budget
from engine.expressions.reads import Chain, Names, Need

_ABSENT: Final = object()
# Made once: `A | B` inside of isinstance makes a new union on every call, which takes longer than the question.
_LISTS: Final = (list, tuple)
_HOLDERS: Final = (Mapping, list, tuple)


class Node:
    """One level of the paths that are read; `need` is set where a path ends."""

    __slots__ = ("children", "need")

    def __init__(self) -> None:
        self.children: dict[str | int, Node] = {}
        self.need: Need | None = None

    def add(self, names: Names, need: Need) -> None:
        """Put a path in."""
        node = self
        for name in names:
            node = node.children.setdefault(name, Node())
        node.need = max(node.need or need, need)


def paths_of(chains: list[Chain]) -> Node:
    """All paths in one tree."""
    top = Node()
    for chain in chains:
        top.add(chain.names, chain.need)
    return top


def project(value: Any, node: Node, budget: Budget) -> Any:
    """The part of the value below this node; raises Failed when it is too much."""
    if type(value) is not dict and not isinstance(value, _HOLDERS):
        if type(value) is str:
            budget.weigh(value)
        return value
    if node.need is Need.WHOLE:
        return _whole(value, budget)
    if node.need is not None and not node.children:
        return _hollow(value, budget) if node.need is Need.COUNT else None
    if isinstance(value, _LISTS):
        return _list(value, node, budget)
    return _object(value, node, budget)


def follow(value: Any, names: Names) -> tuple[Any, int]:
    """The last value found along a path, and how many of the names lead to it."""
    for count, name in enumerate(names):
        if isinstance(value, list | tuple):
            known = isinstance(name, int) and name < len(value)
        else:
            known = isinstance(value, Mapping) and name in value
        if not known:
            return value, count
        value = value[name]
    return value, len(names)


def _object(value: Mapping[Any, Any], node: Node, budget: Budget) -> dict[Any, Any]:
    part: dict[Any, Any] = {}
    for name, child in node.children.items():
        found = value.get(name, _ABSENT)
        if found is not _ABSENT:
            part[name] = project(found, child, budget)
    if node.need is Need.COUNT:
        part.update((f" {n}", None) for n in range(len(value) - len(part)))
    return part


def _list(value: list[Any] | tuple[Any, ...], node: Node, budget: Budget) -> Any:
    if node.need is Need.COUNT:
        return _whole(value, budget)
    indexes = [name for name in node.children if isinstance(name, int) and name < len(value)]
    part: list[Any] = [None] * (max(indexes, default=-1) + 1)
    budget.spend(len(part) // 8)
    for index in indexes:
        part[index] = project(value[index], node.children[index], budget)
    return part


def _hollow(value: Any, budget: Budget) -> Any:
    """As many nulls as there are values."""
    budget.spend(len(value) // 8)
    return {f"{n}": None for n in range(len(value))} if isinstance(value, Mapping) else [None] * len(value)


def _whole(value: Any, budget: Budget) -> Any:
    plain = dict(value) if isinstance(value, Mapping) and not isinstance(value, dict) else value
    budget.weigh(plain)
    return plain
