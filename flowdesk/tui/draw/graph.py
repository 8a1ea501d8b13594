"""A workflow laid out as boxes and arrows: the only user of the layout library.

The library never sees a text of the workflow: boxes and labels are laid out with stand-ins of the right width, which
are replaced afterwards. The state of a step is one cell of its box, left open, so that running never moves anything.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from flowdesk.tui.draw.drawing import COUNT_COLUMNS, Box, Cell, Drawing, Part, drawing, inside, name_cells
from flowdesk.tui.draw.fit import cells, cut
from flowdesk.tui.draw.lanes import Grid, LanesBroken, mend
from flowdesk.tui.draw.lines import plain_lines
from flowdesk.tui.draw.topology import Topology

if TYPE_CHECKING:
    from termaid.graph.model import Graph

Direction = Literal["LR", "TD"]

MOST_STEPS: Final = 200
"""More are not drawn as a map: 120 steps take a second, 250 take four."""
PATIENCE_S: Final = 4.0
"""How long one layout may take."""
_NAME_COLUMNS: Final = 28
_LABEL_COLUMNS: Final = 18
_LABEL_BASE: Final = 0xF0000
"""Labels of arrows are laid out as private characters, another one for each arrow."""
_STEP_STYLE: Final = "nodestyle:"
_FAILURE_STYLE: Final = "linkstyle:"
_deadline: Final[ContextVar[float]] = ContextVar("layout_deadline")


class LayoutFailed(Exception):
    """This workflow cannot be drawn as a map."""


@dataclass(slots=True, frozen=True)
class _Arrow:
    """All arrows from one step to another, drawn as one."""

    source: str
    target: str
    label: str
    failure: bool


@lru_cache(maxsize=32)
def layout(topology: Topology, direction: Direction = "LR", plain: bool = False) -> Drawing:
    """Draw the topology from left to right or top down, in ASCII when `plain`; raises LayoutFailed."""
    if not topology.nodes:
        raise LayoutFailed("there are no steps")
    if len(topology.nodes) > MOST_STEPS:
        raise LayoutFailed(f"{len(topology.nodes)} steps are too many for a map")
    arrows = _arrows(topology)
    before = _deadline.set(time.monotonic() + PATIENCE_S)
    try:
        grid = _with_lanes(topology, arrows, direction) or _lay_out(topology, arrows, direction, stops=False)
    except LayoutFailed:
        raise
    except Exception as error:
        raise LayoutFailed(f"the layout failed ({type(error).__name__})") from error
    finally:
        _deadline.reset(before)
    return _draw(topology, arrows, grid, plain)


def _with_lanes(topology: Topology, arrows: list[_Arrow], direction: Direction) -> Grid | None:
    try:
        grid = _lay_out(topology, arrows, direction, stops=True)
        mend(grid)
    except (LanesBroken, LayoutFailed):
        return None
    return grid


def _arrows(topology: Topology) -> list[_Arrow]:
    found: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for edge in topology.edges:
        found.setdefault((edge.source, edge.target), []).append((edge.label, edge.failure))
    return [
        _Arrow(
            *ends,
            cut(" | ".join(label for label, _ in same if label), _LABEL_COLUMNS),
            all(failure for _, failure in same),
        )
        for ends, same in found.items()
    ]


def _lay_out(topology: Topology, arrows: list[_Arrow], direction: Direction, *, stops: bool) -> Grid:
    from termaid.graph.model import Direction as Way
    from termaid.graph.model import Graph, Node
    from termaid.graph.shapes import NodeShape
    from termaid.renderer.draw import render_graph_canvas

    _bound_searches()
    shapes = {"trigger": NodeShape.STADIUM, "branch": NodeShape.DIAMOND, "action": NodeShape.RECTANGLE}
    graph = Graph(direction=Way.LR if direction == "LR" else Way.TB)
    numbers = {node.id: str(number) for number, node in enumerate(topology.nodes)}
    for node in topology.nodes:
        columns = max(len(inside(_name(node.label))), COUNT_COLUMNS if node.calls else 0)
        graph.add_node(Node(numbers[node.id], "x" * columns, shapes[node.kind]))
        graph.node_styles[numbers[node.id]] = {}
    # Left alone, the library puts a join behind the nearest of the steps before it, not behind the farthest.
    depths = topology.depths()
    for index, arrow in enumerate(arrows):
        span = max(1, depths.get(arrow.target, 0) - depths.get(arrow.source, 0))
        label = chr(_LABEL_BASE + index) * len(cells(arrow.label))
        _connect(graph, (numbers[arrow.source], numbers[arrow.target]), label, arrow.failure, span, stops=stops)
    drawn = render_graph_canvas(
        graph,
        padding_x=0,
        padding_y=0,
        gap=2 if direction == "LR" else 4,  # one row less, and arrowheads cover the turns
        inline_edge_labels=direction == "LR",
        max_label_width=_NAME_COLUMNS + _LABEL_COLUMNS,
    )
    if drawn is None:
        raise LayoutFailed("nothing was drawn")
    return drawn.to_styled_pairs()


def _connect(graph: Graph, ends: tuple[str, str], label: str, failure: bool, span: int, *, stops: bool) -> None:
    """Add an arrow that passes `span - 1` columns of steps, with a stop in each."""
    from termaid.graph.model import Edge, EdgeStyle, Node
    from termaid.graph.shapes import NodeShape

    style = EdgeStyle.DOTTED if failure else EdgeStyle.SOLID
    way = [ends[0], *(f"{'-'.join(ends)} {stop}" for stop in range(span - 1 if stops else 0)), ends[1]]
    if len(graph.nodes) + len(way) > MOST_STEPS:
        raise LayoutFailed("there are too many long arrows for a map")
    for stop in way[1:-1]:
        graph.add_node(Node(stop, "", NodeShape.JUNCTION))
    for here, there in pairwise(way):
        if failure:
            graph.link_styles[len(graph.edges)] = {}
        shown, last = label if here == ends[0] else "", there == ends[1]
        graph.add_edge(Edge(here, there, shown, style, has_arrow_end=last, min_length=1 if stops else span))


def _name(label: str) -> str:
    return cut(label, _NAME_COLUMNS)


def _draw(topology: Topology, arrows: list[_Arrow], grid: Grid, plain: bool) -> Drawing:
    boxes = _boxes(topology, grid)
    own: dict[tuple[int, int], Cell] = {}
    for node in topology.nodes:
        box = boxes[node.id]
        own |= {(x, y): (_line(grid[y][x][0], plain), "border", node.id) for x, y in box.every() if box.edge(x, y)}
        own |= name_cells(node.id, _name(node.label), box)
    labels = [cells(arrow.label) for arrow in arrows]
    rows: list[list[Cell]] = []
    for y, row in enumerate(grid):
        texts = _labels_in(row, labels)
        rows.append([own.get((x, y)) or texts.get(x) or _arrow_cell(*cell, plain) for x, cell in enumerate(row)])
    return drawing(rows, boxes)


def _boxes(topology: Topology, grid: Grid) -> dict[str, Box]:
    """Each box by the cells of its border, which carry the number of the step."""
    found: dict[str, list[tuple[int, int]]] = {}
    for y, row in enumerate(grid):
        for x, (_, style) in enumerate(row):
            if style.startswith(_STEP_STYLE):
                found.setdefault(style.removeprefix(_STEP_STYLE), []).append((x, y))
    boxes = {}
    for number, node in enumerate(topology.nodes):
        at = found.get(str(number))
        if not at:
            raise LayoutFailed("a step was left out")
        left, top = min(x for x, _ in at), min(y for _, y in at)
        boxes[node.id] = Box(left, top, max(x for x, _ in at) - left + 1, max(y for _, y in at) - top + 1)
    return boxes


def _labels_in(row: list[tuple[str, str]], labels: list[list[str]]) -> dict[int, Cell]:
    """The texts of the arrows' labels where their stand-ins are."""
    found: dict[int, Cell] = {}
    first: dict[int, int] = {}
    for x, (char, _) in enumerate(row):
        index = ord(char) - _LABEL_BASE if len(char) == 1 else -1
        if index >= 0:
            text = labels[index]
            offset = x - first.setdefault(index, x)
            found[x] = (text[offset] if offset < len(text) else " ", "label", None)
    return found


def _arrow_cell(char: str, style: str, plain: bool) -> Cell:
    part: Part = "blank" if char == " " else "failure" if style.startswith(_FAILURE_STYLE) else "arrow"
    return _line(char or " ", plain), part, None


def _line(char: str, plain: bool) -> str:
    return plain_lines(char) if plain else char


def _bound_searches() -> None:
    """Let the library's search for an arrow's way end.

    In 0.10.0 a search without result is drawn as a slanted line, and following that line never ends. Nor has the
    library any limit of time. Both are LayoutFailed here; a test draws what used to hang.
    """
    from termaid.routing import router

    search: Any = vars(router)["find_path"]
    if getattr(search, "bounded", False):
        return

    def bounded(*args: Any, **kwargs: Any) -> Any:
        if time.monotonic() > _deadline.get(float("inf")):
            raise LayoutFailed("the layout takes too long")
        found = search(*args, **kwargs)
        # With `crossings` this is a first try, which may fail.
        if found is None and "crossings" not in kwargs:
            raise LayoutFailed("there are too many arrows for a map")
        return found

    vars(bounded)["bounded"] = True
    vars(router)["find_path"] = bounded
