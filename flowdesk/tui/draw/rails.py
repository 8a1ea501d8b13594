"""A workflow as one row a step, with a rail for each way that is open at that row.

    ●    validate
    ◆    amount?
    ├─╮  yes / no
    ● │  ask
    │ ○  auto
    ├─╯
    ○    report

Joins and forks have a row of their own. A rail that passes behind another one is cut there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flowdesk.tui.draw.topology import Edge, NodeKind, Topology

MOST_RAILS: Final = 10
"""Rails beyond this many are not drawn, so that names stay on the screen."""
_MARKS: Final[dict[tuple[NodeKind, bool], tuple[str, str]]] = {
    ("branch", True): ("◆", "#"),
    ("branch", False): ("◇", "="),
    ("action", True): ("●", "*"),
    ("action", False): ("○", "o"),
    ("trigger", True): ("▶", ">"),
    ("trigger", False): ("▷", ">"),
}


@dataclass(slots=True, frozen=True)
class Rail:
    """One row: `lines` are its rails, all rows alike wide, with a blank at `node` for the step's mark.

    `step` is None for a row that only forks or joins; its `text` says on what the ways are taken.
    """

    lines: str
    text: str
    step: str | None = None
    kind: NodeKind = "action"
    node: int = 0


def mark(kind: NodeKind, reached: bool, plain: bool = False) -> str:
    """The sign of a step on its rail, filled once the run came to it."""
    return _MARKS[kind, reached][plain]


def rails(topology: Topology) -> list[Rail]:
    """The rows of a topology, steps after all that lead to them; those in a cycle come last."""
    ordered = topology.order()
    placed = set(ordered)
    ordered += [node.id for node in topology.nodes if node.id not in placed]
    nodes = {node.id: node for node in topology.nodes}
    targets, place = topology.targets(), {step: index for index, step in enumerate(ordered)}
    track = _Track()
    for step in ordered:
        after = targets.get(step, [])
        ahead = [edge for edge in after if place[edge.target] > place[step]]
        back = [nodes[edge.target].label for edge in after if place[edge.target] <= place[step]]
        lane = track.arrive(step)
        text = nodes[step].label + "".join(f" ↑ {label}" for label in back)
        track.rows.append(_Row(track.lines({lane: " "}), text, step, nodes[step].kind, lane))
        track.leave(lane, ahead)
    return track.finished()


@dataclass(slots=True, frozen=True)
class _Row:
    cells: str
    text: str
    step: str | None = None
    kind: NodeKind = "action"
    lane: int = 0


class _Track:
    """The open rails, each with the step it leads to, and the rows drawn so far."""

    def __init__(self) -> None:
        self.rows: list[_Row] = []
        self._open: list[str | None] = []

    def arrive(self, step: str) -> int:
        """The rail a step is on, after all rails that lead to it are joined."""
        lanes = [lane for lane, target in enumerate(self._open) if target == step]
        if not lanes:
            return self._free(step)
        if len(lanes) > 1:
            self.rows.append(_Row(self._cross(lanes, "┴╯"), ""))
            for lane in lanes[1:]:
                self._open[lane] = None
        return lanes[0]

    def leave(self, lane: int, edges: list[Edge]) -> None:
        """Go on from a step along its arrows, the first of them on the step's own rail."""
        if not edges:
            self._open[lane] = None
        elif len({edge.target for edge in edges}) == 1:
            self._open[lane] = edges[0].target
            self._say({lane}, edges)
        else:
            ways = list(dict.fromkeys(edge.target for edge in edges))
            self._open[lane] = ways[0]
            lanes = [lane, *(self._free(target, beyond=lane) for target in ways[1:])]
            self.rows.append(_Row(self._cross(lanes, "┬╮"), _labels(edges)))

    def lines(self, own: dict[int, str]) -> str:
        """The open rails as they pass a row, with these instead at their place."""
        return " ".join(own.get(lane, "│" if target is not None else " ") for lane, target in enumerate(self._open))

    def finished(self) -> list[Rail]:
        """All rows, alike wide."""
        width = 2 * min(MOST_RAILS, max((len(row.cells) + 1) // 2 for row in self.rows)) - 1 if self.rows else 0
        return [
            Rail(_clip(row.cells, width), row.text, row.step, row.kind, min(2 * row.lane, width - 1))
            for row in self.rows
        ]

    def _say(self, lanes: set[int], edges: Iterable[Edge]) -> None:
        if text := _labels(edges):
            self.rows.append(_Row(self.lines(dict.fromkeys(lanes, "│")), text))

    def _free(self, target: str, beyond: int = -1) -> int:
        for lane, taken in enumerate(self._open):
            if taken is None and lane > beyond:
                self._open[lane] = target
                return lane
        self._open.append(target)
        return len(self._open) - 1

    def _cross(self, lanes: list[int], ends: str) -> str:
        """A row in which these rails, the first of them leftmost, are tied together."""
        middle, last = ends[0], ends[1]
        cells = list(self.lines(dict.fromkeys(lanes, middle) | {lanes[0]: "├", lanes[-1]: last}))
        for at in range(2 * lanes[0] + 1, 2 * lanes[-1]):
            if cells[at] == " ":
                cells[at] = "─"
        return "".join(cells)


def _labels(edges: Iterable[Edge]) -> str:
    ways = list(edges)
    if not any(edge.label for edge in ways):
        return ""
    unlabelled = "always" if any(edge.label and not edge.failure for edge in ways) else "done"
    return " / ".join(edge.label or unlabelled for edge in ways)


def _clip(cells: str, width: int) -> str:
    return cells.ljust(width) if len(cells) <= width else cells[: width - 1] + "…"
