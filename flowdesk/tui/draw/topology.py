"""Which steps a workflow has and which arrows lead where, read from a document that may be broken while it is edited.

Nothing in a document makes reading it fail: what cannot be drawn is left out and told in `problems`, with the codes of
the server. Two topologies that draw alike are equal, so a layout can be kept by its topology.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from engine.errors import Problem
from flowdesk.clean import clean

NodeKind = Literal["trigger", "action", "branch"]
OTHERWISE: Final = "otherwise"
ON_ERROR: Final = "error"
_ROUTING_REFS: Final = frozenset({"flow.if", "flow.switch"})
_CALLING_REFS: Final = frozenset({"flow.call", "flow.foreach", "flow.repeat"})


@dataclass(slots=True, frozen=True)
class Node:
    """A step. `id` is unique here also when the document uses one twice; `index` is its place in the document.

    `calls` tells that it calls runs, and so will have a count to show.
    """

    id: str
    label: str
    kind: NodeKind
    index: int = field(compare=False)
    calls: bool = False


@dataclass(slots=True, frozen=True)
class Edge:
    """An arrow, with the condition or route it is taken on; `failure` marks the way after a failed step."""

    source: str
    target: str
    label: str = ""
    failure: bool = False


@dataclass(slots=True, frozen=True)
class Topology:
    """The steps in the order of the document, the arrows between them, and what could not be read."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, steps: object, entry: str | None = None, lasts: object = ()) -> Topology:
        """The topology of a document's `steps`; `entry` is its `entryStepId`, `lasts` its `finally`."""
        problems: list[Problem] = []
        listed = _listed(steps)
        found = list(_nodes(listed, problems))
        apart = _apart(found, lasts)
        nodes = tuple(
            replace(node, label=f"{node.label} ({apart[node.id]})") if node.id in apart else node for node, _ in found
        )
        known = {node.id for node in nodes}
        edges = [edge for node, step in found for edge in _edges(node.id, step, known, problems)]
        if entry is not None and entry not in known:
            problems.append(Problem("unknown_step", f"there is no step called {clean(entry)}", field="entryStepId"))
        topology = cls(nodes, tuple(dict.fromkeys(edges)), tuple(problems))
        loop = set(known) - set(topology.order())
        if not loop:
            return topology
        first = next(node.id for node in nodes if node.id in loop)
        cycle = Problem("cycle", "its arrows lead back to where they came from", first, "next")
        return cls(topology.nodes, topology.edges, (*problems, cycle))

    def order(self) -> list[str]:
        """The steps each after all that lead to it, else as in the document; without those in or behind a cycle."""
        left = {node.id: 0 for node in self.nodes}
        for edge in self.edges:
            left[edge.target] += 1
        follow = self.targets()
        ready = [node.id for node in self.nodes if left[node.id] == 0]
        place = {node.id: index for index, node in enumerate(self.nodes)}
        ordered: list[str] = []
        while ready:
            step = ready.pop(0)
            ordered.append(step)
            freed = []
            for edge in follow.get(step, ()):
                left[edge.target] -= 1
                if left[edge.target] == 0:
                    freed.append(edge.target)
            # What a step leads to is drawn right behind it, so that a chain stays together.
            ready[:0] = sorted(freed, key=place.__getitem__)
        return ordered

    def depths(self) -> dict[str, int]:
        """How many arrows the longest way to each step has; without steps in or behind a cycle."""
        found: dict[str, int] = {}
        follow = self.targets()
        for step in self.order():
            depth = found.setdefault(step, 0)
            for edge in follow.get(step, ()):
                found[edge.target] = max(found.get(edge.target, 0), depth + 1)
        return {step: found[step] for step in self.order()}

    def targets(self) -> dict[str, list[Edge]]:
        """The arrows that leave each step."""
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.source, []).append(edge)
        return found


def _listed(steps: object) -> Sequence[object]:
    return steps if isinstance(steps, Sequence) and not isinstance(steps, str | bytes) else ()


def _nodes(steps: Sequence[object], problems: list[Problem]) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    used: set[str] = set()
    for index, step in enumerate(steps):
        if not isinstance(step, Mapping):
            problems.append(Problem("wrong_type", f"step {index + 1} is not an object", field=f"steps[{index}]"))
            continue
        given = step.get("id")
        named = isinstance(given, str) and bool(given)
        wanted = given if isinstance(given, str) and given else f"step {index + 1}"
        if not named:
            problems.append(Problem("missing_field", f"step {index + 1} has no id", field=f"steps[{index}].id"))
        elif wanted in used:
            problems.append(Problem("duplicate_step", f"two steps are called {clean(wanted)}", wanted, "id"))
        key, copy = wanted, 2
        while key in used:
            key, copy = f"{wanted} ({copy})", copy + 1
        used.add(key)
        name = step.get("name")
        label = name if isinstance(name, str) and name.strip() else key
        yield Node(key, clean(label), _kind(step), index, str(step.get("ref")) in _CALLING_REFS), step


def _apart(found: Sequence[tuple[Node, Mapping[str, Any]]], lasts: object) -> dict[str, str]:
    """What no arrow tells of a step: that it comes at the end of every run, or only takes another one back."""
    said = {one: "finally" for one in _listed(lasts) if isinstance(one, str)}
    for node, step in found:
        undo = step.get("undo")
        if isinstance(undo, str) and undo != node.id:
            said[undo] = f"undoes {clean(node.id)}"
    return said


def _kind(step: Mapping[str, Any]) -> NodeKind:
    if step.get("type") == "TRIGGER":
        return "trigger"
    arrows = step.get("next")
    listed = arrows if isinstance(arrows, list) else []
    chosen = any(isinstance(arrow, Mapping) and _condition(arrow) for arrow in listed)
    return "branch" if chosen or str(step.get("ref")) in _ROUTING_REFS else "action"


def _edges(source: str, step: Mapping[str, Any], known: set[str], problems: list[Problem]) -> Iterator[Edge]:
    given = step.get("next")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    arrows = [(f"next[{index}]" if isinstance(given, list) else "next", arrow) for index, arrow in enumerate(listed)]
    for place, arrow in arrows:
        target = arrow.get("to") if isinstance(arrow, Mapping) else arrow
        label = _condition(arrow) if isinstance(arrow, Mapping) else ""
        if _leads(target, known, source, place, problems):
            yield Edge(source, str(target), label)
    failure = step.get("onError")
    if failure is not None and _leads(failure, known, source, "onError", problems):
        yield Edge(source, str(failure), ON_ERROR, failure=True)


def _leads(target: object, known: set[str], source: str, place: str, problems: list[Problem]) -> bool:
    if target == source:
        problems.append(Problem("self_arrow", "an arrow leads from this step to itself", source, place))
        return False
    if isinstance(target, str) and target in known:
        return True
    if isinstance(target, str) and target:
        problems.append(Problem("unknown_step", f"there is no step called {clean(target)}", source, place))
    else:
        problems.append(Problem("wrong_type", "this arrow names no step", source, place))
    return False


def _condition(arrow: Mapping[str, Any]) -> str:
    when, label = arrow.get("when"), arrow.get("label")
    if isinstance(when, str):
        return clean(when.strip())
    if isinstance(label, str):
        return clean(label.strip())
    return OTHERWISE if arrow.get("otherwise") else ""
