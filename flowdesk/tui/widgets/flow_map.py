"""The workflow as a map: boxes and arrows, coloured by state."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final, Self

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from flowdesk.tui import keys
from flowdesk.tui.draw.drawing import Box, Drawing, Piece, on_border
from flowdesk.tui.draw.graph import Direction, LayoutFailed, layout
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.step_canvas import StepCanvas

IN_THREAD: Final = 20
"""Laying out more steps could be felt (40 take up to 350 ms), and is done beside the screen."""
_CELL_HEIGHT: Final = 2.0
"""A terminal cell is about twice as high as wide."""
_ASIDE: Final = 2.0
"""How much farther a step beside the way counts."""


class FlowMap(StepCanvas):
    """Boxes and arrows, from left to right or top down."""

    HELP = """\
## Map

Each box is a step; its sign is its state. Arrows carry the condition or route they are taken on, dotted ones
are the way after a failure.

Arrow keys or `h j k l` go to the next box in that direction, `enter` or a double click opens it, `o` flips the map.
"""
    BINDINGS: ClassVar[list[BindingType]] = [b for b in keys.bindings("map") if b.id == "map.flip"]

    direction: reactive[Direction] = reactive[Direction]("LR", init=False)

    class Failed(Message):
        """This workflow cannot be drawn as a map; `why` says it in a few words."""

        def __init__(self, flow_map: FlowMap, why: str) -> None:
            super().__init__()
            self.flow_map = flow_map
            self.why = why

        @property
        def control(self) -> FlowMap:
            """Who says it."""
            return self.flow_map

    class Drawn(Message):
        """A new drawing is on the screen."""

        def __init__(self, flow_map: FlowMap) -> None:
            super().__init__()
            self.flow_map = flow_map

        @property
        def control(self) -> FlowMap:
            """Who says it."""
            return self.flow_map

    _EMPTY: ClassVar[Drawing] = Drawing(0, (), {})

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(plain=plain, id=id, classes=classes)
        self.drawing = self._EMPTY

    def show(self, topology: Topology) -> None:
        """Draw these steps instead; a large map appears when it is laid out."""
        if topology == self.topology and self.drawing.rows:
            return
        self.topology = topology
        self._lay_out()

    def watch_direction(self) -> None:
        """Lay out again."""
        self._lay_out()

    def watch_plain(self) -> None:
        """Lay out again."""
        self._lay_out()

    def select(self, step_id: str) -> Self:
        """Put the cursor on a step, also when it is not laid out yet."""
        if any(node.id == step_id for node in self.topology.nodes):
            self.cursor = step_id
        return self

    def place(self, step_id: str) -> Region | None:
        """The box of a step."""
        box = self.drawing.boxes.get(step_id)
        return Region(box.x, box.y, box.width, box.height) if box else None

    def step_at(self, x: int, y: int) -> str | None:
        """The step whose box has that cell."""
        return self.drawing.at(x, y)

    def render_line(self, y: int) -> Strip:
        """One line of the map as scrolled."""
        row_index = y + self.scroll_offset.y
        row = self.drawing.rows[row_index] if row_index < len(self.drawing.rows) else ()
        strip = Strip([Segment(self._shown(piece, row_index), self._style(piece)) for piece in row])
        left = self.scroll_offset.x
        base = self.rich_style
        return strip.crop_extend(left, left + self.scrollable_content_region.width, base).apply_style(base)

    def action_map_flip(self) -> None:
        """Left to right, or top down."""
        self.direction = "TD" if self.direction == "LR" else "LR"

    def action_map_left(self) -> None:
        """Go to the next box on the left."""
        self._go(-1, 0)

    def action_map_right(self) -> None:
        """Go to the next box on the right."""
        self._go(1, 0)

    def action_map_up(self) -> None:
        """Go to the next box above."""
        self._go(0, -1)

    def action_map_down(self) -> None:
        """Go to the next box below."""
        self._go(0, 1)

    def action_map_first(self) -> None:
        """Go to the first step."""
        if self.topology.nodes:
            self.select((self.topology.order() or [self.topology.nodes[0].id])[0])

    def action_map_end(self) -> None:
        """Go to the last step."""
        if self.topology.nodes:
            self.select((self.topology.order() or [self.topology.nodes[-1].id])[-1])

    def _lay_out(self) -> None:
        if not self.topology.nodes:
            self._use(self._EMPTY)
        elif len(self.topology.nodes) <= IN_THREAD:
            try:
                self._use(layout(self.topology, self.direction, self.plain))
            except LayoutFailed as error:
                self._fail(error)
        else:
            task(self, self._lay_out_beside(), what="Drawing the map", group="layout", exclusive=True)

    async def _lay_out_beside(self) -> None:
        wanted = (self.topology, self.direction, self.plain)
        try:
            drawing = await asyncio.to_thread(layout, *wanted)
        except LayoutFailed as error:
            if wanted == (self.topology, self.direction, self.plain):
                self._fail(error)
        else:
            if wanted == (self.topology, self.direction, self.plain):
                self._use(drawing)

    def _fail(self, error: LayoutFailed) -> None:
        self._use(self._EMPTY)
        self.post_message(self.Failed(self, str(error)))

    def _use(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.virtual_size = Size(drawing.width, len(drawing.rows))
        self.refresh()
        self.keep_cursor([node.id for node in self.topology.nodes])
        if drawing.boxes:
            self.call_after_refresh(self.show_cursor)
            self.post_message(self.Drawn(self))

    def _shown(self, piece: Piece, row: int) -> str:
        if piece.step is not None and piece.part == "border" and piece.step in self._counts:
            box = self.drawing.boxes[piece.step]
            lowest = row == box.y + box.height - 1
            return on_border(piece.text, self._counts[piece.step]) if lowest else piece.text
        if piece.part != "status" or piece.step is None:
            return piece.text
        state = self.status(piece.step)
        return piece.text if state is None else state.plain if self.plain else state.glyph

    def _style(self, piece: Piece) -> Style:
        if piece.step is None:
            return Style() if piece.part == "blank" else self.style_of(piece.part)
        state = self.status(piece.step)
        if piece.step == self.cursor and piece.part in ("name", "status"):
            return self.cursor_style()
        if state is None:
            return self.style_of("border" if piece.part == "border" else "name")
        return self.style_of("name" if piece.part == "name" and state.variable != "text-muted" else state.variable)

    def _go(self, dx: int, dy: int) -> None:
        boxes = self.drawing.boxes
        here = boxes.get(self.cursor) if self.cursor is not None else None
        if here is None:
            self.action_map_first()
            return
        ahead = {step: far for step, box in boxes.items() if (far := _farness(here, box, dx, dy)) is not None}
        if ahead:
            self.cursor = min(ahead, key=ahead.__getitem__)


def _farness(here: Box, there: Box, dx: int, dy: int) -> float | None:
    """How far a box is in that direction; None when it is not there at all."""
    across = there.centre[0] - here.centre[0]
    down = (there.centre[1] - here.centre[1]) * _CELL_HEIGHT
    along, aside = (across * dx, abs(down)) if dx else (down * dy, abs(across))
    return along + _ASIDE * aside if along > 0 else None
