"""A workflow drawn in the way that fits: as a map where there is room, else as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final, Literal, Self

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive

from flowdesk.tui import keys
from flowdesk.tui.draw.status import PINNED
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.widgets.flow_map import FlowMap
from flowdesk.tui.widgets.step_canvas import StepCanvas
from flowdesk.tui.widgets.step_rails import StepRails

Wish = Literal["auto", "map", "rows"]

NARROW_COLUMNS: Final = 110
"""Terminals with fewer columns get rows."""
_OWN_COLUMNS: Final = 60
"""So does a pane with fewer of its own."""
_BORDERS: Final = 2
MOST_ON_MAP: Final = 60
"""Workflows with more steps get rows, unless the map is wished for."""


class FlowView(Container):
    """What screens use to show a workflow's steps. `cursor` is the step it stands on.

    In wide terminals it is as high as what is drawn, as far as the style sheet allows; in others as that says.
    """

    DEFAULT_CSS = """
    FlowView { height: 1fr; }
    FlowView FlowMap, FlowView StepRails { display: none; }
    FlowView.-map FlowMap, FlowView.-rows StepRails { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [b for b in keys.bindings("map") if b.id == "map.rows"]

    wish: reactive[Wish] = reactive[Wish]("auto", init=False)
    """What the person asked for."""

    class Highlighted(Message):
        """The cursor came to a step."""

        def __init__(self, view: FlowView, step_id: str) -> None:
            super().__init__()
            self.view = view
            self.step_id = step_id

        @property
        def control(self) -> FlowView:
            """Who says it."""
            return self.view

    class Opened(Highlighted):
        """The person asks for what is in a step."""

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._map = FlowMap(plain=plain)
        self._rails = StepRails(plain=plain)
        self._topology = Topology(())
        self._unmappable: Topology | None = None
        self._wanted_step: str | None = None
        self.add_class("-rows")  # until its size is known
        self.why_rows = ""
        """Why there is no map although it was wished for."""

    def compose(self) -> ComposeResult:
        """Both drawings; one of them is shown."""
        yield self._map
        yield self._rails

    @property
    def active(self) -> StepCanvas:
        """The drawing that is shown."""
        return self._map if self.has_class("-map") else self._rails

    @property
    def cursor(self) -> str | None:
        """The step under the cursor."""
        return self.active.cursor

    @property
    def topology(self) -> Topology:
        """What is shown."""
        return self._topology

    def show(self, topology: Topology) -> None:
        """Draw these steps instead."""
        self._topology = topology
        self._choose()

    def set_status(self, step_id: str, status: str) -> None:
        """Change the state of one step."""
        for canvas in (self._map, self._rails):
            canvas.set_status(step_id, status)

    def set_statuses(self, statuses: Mapping[str, str]) -> None:
        """Change the states of all steps; those not named have none."""
        for canvas in (self._map, self._rails):
            canvas.set_statuses(statuses)

    def set_problems(self, step_ids: Iterable[str]) -> None:
        """Mark the steps with problems, and no others."""
        listed = list(step_ids)
        for canvas in (self._map, self._rails):
            canvas.set_problems(listed)

    def set_pinned(self, step_ids: Iterable[str]) -> None:
        """Mark the steps whose output is pinned by a sign, and in rows by a word too; a problem's sign goes first."""
        listed = list(step_ids)
        for canvas in (self._map, self._rails):
            canvas.set_pinned(listed)
        self.set_details(dict.fromkeys(listed, PINNED.word))

    def set_details(self, details: Mapping[str, str]) -> None:
        """A few words about each step, where there is room: in rows."""
        self._rails.set_details(details)

    def set_counts(self, counts: Mapping[str, Sequence[str]]) -> None:
        """How far what these steps have called has come, each in words that become shorter."""
        for canvas in (self._map, self._rails):
            canvas.set_counts(counts)

    def set_plain(self, plain: bool) -> None:
        """Draw in ASCII, or not."""
        self._map.plain = self._rails.plain = plain

    def select(self, step_id: str) -> Self:
        """Put the cursor on a step; on one that is not there as soon as it is shown."""
        self._wanted_step = step_id
        self._stand()
        return self

    def focus(self, scroll_visible: bool = True) -> Self:
        """Give the keys to the drawing that is shown."""
        self.active.focus(scroll_visible)
        return self

    def on_mount(self) -> None:
        """Choose for the first time."""
        self._choose()
        for canvas in (self._map, self._rails):
            self.watch(canvas, "virtual_size", self._fit_height)

    def on_resize(self, _: Resize) -> None:
        """Another width may fit another drawing."""
        self._choose()
        self.call_after_refresh(self._fit_height)

    def watch_wish(self) -> None:
        """Do as asked."""
        self._unmappable = None
        self._choose()

    def action_map_rows(self) -> None:
        """Show the other drawing."""
        self.wish = "rows" if self.has_class("-map") else "map"

    @on(FlowMap.Failed)
    def _no_map(self, event: FlowMap.Failed) -> None:
        event.stop()
        self._unmappable, self.why_rows = self._topology, event.why
        self._choose()

    @on(StepCanvas.Highlighted)
    def _highlighted(self, event: StepCanvas.Highlighted) -> None:
        event.stop()
        if event.control is self.active:
            kind = self.Opened if isinstance(event, StepCanvas.Opened) else self.Highlighted
            self.post_message(kind(self, event.step_id))

    def _choose(self) -> None:
        if not self.is_mounted:
            return
        before, fits = self.active, self._fits()
        self.set_class(fits, "-map").set_class(not fits, "-rows")
        if self.active is not before:
            self._hand_over(before, self.active)
        self.active.show(self._topology)
        self._stand()

    def _stand(self) -> None:
        known = any(node.id == self._wanted_step for node in self._topology.nodes)
        if self._wanted_step is not None and known and self.is_mounted:
            self.active.select(self._wanted_step)
            self._wanted_step = None

    def _hand_over(self, before: StepCanvas, now: StepCanvas) -> None:
        """Keep the cursor and the focus when the drawing changes."""
        now.stand_on(before.cursor)
        if before.has_focus:
            now.focus()

    def _fit_height(self) -> None:
        rows = self.active.virtual_size.height
        fitted = rows and self.screen.has_class("-wide")
        self.styles.height = rows + _BORDERS if fitted else None

    def _fits(self) -> bool:
        if self._unmappable == self._topology and self._topology.nodes:
            return False
        if self.wish != "auto":
            return self.wish == "map"
        roomy = self.app.size.width >= NARROW_COLUMNS and self.size.width >= _OWN_COLUMNS
        return roomy and len(self._topology.nodes) <= MOST_ON_MAP
