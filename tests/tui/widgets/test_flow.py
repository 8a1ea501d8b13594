"""The map, the rows, and the view that chooses between them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.app import App, ComposeResult

from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.widgets.flow_map import IN_THREAD, FlowMap
from flowdesk.tui.widgets.flow_view import FlowView
from flowdesk.tui.widgets.step_canvas import StepCanvas
from flowdesk.tui.widgets.step_rails import StepRails
from tests.tui.draw.test_graph import tangle
from tests.tui.pressing import presses
from tests.tui.waiting import idle

HOSTILE = "\x1b[2J [/red]x[b \u202e\ud800"
STEPS: list[dict[str, Any]] = [
    {"id": "start", "type": "TRIGGER", "next": "check"},
    {"id": "check", "next": [{"to": "yes", "when": "data.n > 1"}, {"to": "no", "otherwise": True}]},
    {"id": "yes", "next": "end"},
    {"id": "no", "next": "end"},
    {"id": "end", "name": HOSTILE},
]
FLOW = Topology.of(STEPS)


def chain(length: int) -> Topology:
    return Topology.of([{"id": f"s{n}", "next": f"s{n + 1}"} for n in range(length - 1)] + [{"id": f"s{length - 1}"}])


class Host(App[None]):
    """One drawing, and what it said."""

    def __init__(self, widget: FlowView | StepCanvas) -> None:
        super().__init__()
        self.widget = widget
        self.said: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_flow_view_highlighted(self, event: FlowView.Highlighted) -> None:
        self.said.append(("highlighted", event.step_id))

    def on_flow_view_opened(self, event: FlowView.Opened) -> None:
        self.said.append(("opened", event.step_id))

    def on_step_canvas_highlighted(self, event: StepCanvas.Highlighted) -> None:
        self.said.append(("highlighted", event.step_id))

    def on_step_canvas_opened(self, event: StepCanvas.Opened) -> None:
        self.said.append(("opened", event.step_id))


def standing(widget: StepCanvas | FlowView) -> str | None:
    return widget.cursor


def lines(widget: StepCanvas) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


@presses("map.left", "map.right", "map.up", "map.down", "map.first", "map.end")
async def test_the_keys_go_to_the_nearest_step_in_their_direction() -> None:
    flow = FlowMap()
    app = Host(flow)
    async with app.run_test(size=(120, 36)) as pilot:
        flow.show(FLOW)
        flow.focus()
        await idle(app)
        assert flow.cursor == "start"
        for key, step in [
            ("right", "check"),
            ("l", "yes"),
            ("down", "no"),
            ("up", "yes"),
            ("right", "end"),
            ("h", "yes"),
            ("G", "end"),
            ("home", "start"),
            ("right", "check"),
            ("left", "start"),
            ("l", "check"),
            ("l", "yes"),
            ("j", "no"),
            ("k", "yes"),
            ("end", "end"),
            ("g", "start"),
        ]:
            await pilot.press(key)
            assert flow.cursor == step, key
        await pilot.press("enter")
        await pilot.pause()
    assert app.said[:2] == [("highlighted", "start"), ("highlighted", "check")]
    assert app.said[-1] == ("opened", "start")


@presses("map.flip")
async def test_the_map_flips_and_keeps_its_cursor() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(120, 36)) as pilot:
        flow.show(FLOW)
        flow.select("no").focus()
        await pilot.press("o")
        await idle(app)
        assert flow.cursor == "no"
        boxes = flow.drawing.boxes
        assert boxes["start"].y < boxes["check"].y < boxes["no"].y
        await pilot.press("up")
        assert flow.cursor in ("check", "start")


async def test_the_mouse_selects_and_opens() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(60, 36)) as pilot:
        flow.show(FLOW)
        await idle(app)
        flow.select("end")
        await idle(app)
        assert flow.scroll_offset.x > 0
        box = flow.drawing.boxes["end"]
        at = (box.x + 1 - flow.scroll_offset.x, box.y + 1 - flow.scroll_offset.y)
        flow.select("no")
        await pilot.click(flow, offset=at)
        assert flow.cursor == "end"
        await pilot.click(flow, offset=at, times=2)
        await pilot.pause()
        assert app.said[-1] == ("opened", "end")
        await pilot.click(flow, offset=(flow.size.width - 1, flow.size.height - 1))
        assert flow.cursor == "end"


async def test_the_step_under_the_cursor_is_scrolled_into_view() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(40, 12)):
        flow.show(chain(30))
        await idle(app)
        flow.select("s29")
        await idle(app)
        box = flow.drawing.boxes["s29"]
        assert flow.scroll_offset.x <= box.x < flow.scroll_offset.x + flow.size.width
        flow.select("s0")
        await idle(app)
        assert flow.scroll_offset.x == 0


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("kind", [FlowMap, StepRails])
async def test_states_and_problems_are_signs_in_their_place(kind: type[FlowMap | StepRails], plain: bool) -> None:
    widget = kind(plain=plain)
    async with (app := Host(widget)).run_test(size=(160, 24)):
        widget.show(FLOW)
        await idle(app)
        before = lines(widget)
        widget.set_statuses({"start": "SUCCESS", "check": "RUNNING", "yes": "FAILED"})
        text = "\n".join(lines(widget))
        assert all(sign in text for sign in ("+*x" if plain else "✔●✖"))
        widget.set_status("check", "SUCCESS")
        assert ("*" if plain else "●") not in "".join(row.split("check")[0][-4:] for row in lines(widget))
        widget.set_statuses({})
        assert lines(widget) == before
        widget.set_problems({"no"})
        assert [a for a, b in zip(lines(widget), before, strict=True) if a != b] != []
        widget.set_problems(())
        assert lines(widget) == before


@pytest.mark.parametrize("kind", [FlowMap, StepRails])
async def test_lines_are_exactly_as_wide_as_the_pane_and_clean(kind: type[FlowMap | StepRails]) -> None:
    widget = kind()
    async with (app := Host(widget)).run_test(size=(90, 20)) as pilot:
        widget.show(FLOW)
        for width in (90, 40, 20):
            await pilot.resize_terminal(width, 20)
            await idle(app)
            room = widget.scrollable_content_region
            assert {widget.render_line(y).cell_length for y in range(room.height)} == {room.width}
        assert all(row.isprintable() for row in lines(widget))


async def test_what_has_not_happened_is_dimmer_than_what_has() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(90, 20)):
        await idle(app)
        looks = [flow.style_of(part).color for part in ("name", "text-muted", "arrow")]
        brightness = [sum(colour.get_truecolor()) for colour in looks if colour is not None]
        assert len(brightness) == 3
        assert max(brightness[1:]) < brightness[0]


async def test_a_large_map_is_laid_out_beside_the_screen() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(120, 36)):
        flow.show(chain(IN_THREAD + 1))
        assert flow.drawing.rows == ()
        await idle(app)
        assert len(flow.drawing.boxes) == IN_THREAD + 1
        assert flow.cursor == "s0"


async def test_a_large_map_that_is_late_does_not_take_the_place_of_a_newer_one() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(120, 36)):
        flow.show(chain(IN_THREAD + 30))
        await asyncio.sleep(0)  # let it begin
        flow.show(FLOW)
        await idle(app)
        assert set(flow.drawing.boxes) == {node.id for node in FLOW.nodes}


async def test_another_workflow_takes_the_place_of_the_first() -> None:
    flow = FlowMap()
    async with (app := Host(flow)).run_test(size=(120, 36)):
        flow.show(FLOW)
        flow.select("no")
        flow.show(Topology.of([*STEPS, {"id": "more"}]))
        await idle(app)
        assert flow.cursor == "no"
        flow.show(chain(3))
        await idle(app)
        assert flow.cursor == "s0"
        flow.show(Topology.of([]))
        await idle(app)
        assert standing(flow) is None
        assert "".join(lines(flow)).strip() == ""


@presses("map.open")
async def test_rows_move_and_tell_details() -> None:
    rows = StepRails()
    async with (app := Host(rows)).run_test(size=(50, 20)) as pilot:
        rows.show(FLOW)
        rows.set_details({"yes": "4.2 s  2/3", "end": HOSTILE})
        rows.focus()
        await idle(app)
        assert next(row for row in lines(rows) if " yes " in row).rstrip().endswith("4.2 s  2/3")
        for key, step in [("j", "check"), ("down", "yes"), ("k", "check"), ("G", "end"), ("j", "end"), ("g", "start")]:
            await pilot.press(key)
            assert rows.cursor == step
        await pilot.click(rows, offset=(8, 1))
        assert rows.cursor == "check"
        await pilot.press("enter")
        await pilot.pause()
        assert app.said[-1] == ("opened", "check")


@presses("map.rows")
async def test_a_map_where_there_is_room_else_rows() -> None:
    view = FlowView()
    async with (app := Host(view)).run_test(size=(140, 36)) as pilot:
        view.show(FLOW)
        await idle(app)
        assert isinstance(view.active, FlowMap)
        view.focus()
        view.select("no")
        await idle(app)
        assert view.active.has_focus
        await pilot.resize_terminal(80, 24)
        await idle(app)
        assert isinstance(view.active, StepRails)
        assert view.cursor == "no"
        assert view.active.has_focus
        await pilot.press("m")
        await idle(app)
        assert isinstance(view.active, FlowMap)
        await pilot.press("m", "j")
        await idle(app)
        assert isinstance(view.active, StepRails)
        assert view.cursor == "end"
        await pilot.press("enter")
        await idle(app)
    assert ("opened", "end") in app.said
    assert [said for said in app.said if said[1] == "start"] == [("highlighted", "start")]


async def test_what_is_wanted_before_it_is_on_the_screen_happens_then() -> None:
    view = FlowView()
    view.show(FLOW)
    view.select("no")
    async with (app := Host(view)).run_test(size=(140, 36)):
        view.focus()
        await idle(app)
        assert isinstance(view.active, FlowMap)
        assert view.cursor == "no"
        assert view.active.has_focus
        view.select("later")
        view.show(Topology.of([*STEPS, {"id": "later"}]))
        await idle(app)
        assert standing(view) == "later"


async def test_a_workflow_too_large_for_a_map_gets_rows_also_when_a_map_is_wished_for() -> None:
    view = FlowView()
    async with (app := Host(view)).run_test(size=(140, 36)):
        view.show(chain(61))
        await idle(app)
        assert isinstance(view.active, StepRails)
        view.wish = "map"
        await idle(app)
        assert isinstance(view.active, FlowMap)
        view.show(tangle(40, 80, seed=1))
        await idle(app)
        assert isinstance(view.active, StepRails)
        assert view.why_rows
        view.show(FLOW)
        await idle(app)
        assert isinstance(view.active, FlowMap)


async def test_states_are_there_in_either_drawing() -> None:
    view = FlowView()
    async with (app := Host(view)).run_test(size=(140, 36)):
        view.show(FLOW)
        view.set_statuses({"start": "SUCCESS"})
        view.set_status("check", "FAILED")
        await idle(app)
        assert "✖" in "".join(lines(view.active))
        view.wish = "rows"
        await idle(app)
        assert "✖" in "".join(lines(view.active))
        view.set_plain(True)
        view.set_problems({"no"})
        assert "x" in "".join(row.split("no")[0] for row in lines(view.active) if "no" in row)
