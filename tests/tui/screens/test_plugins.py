"""The list of plugins, key by key."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import OptionList, Static

from engine.models.workflow import Workflow
from engine.plan import compile_plan
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.screens.plugins import workflow_with
from flowdesk.yaml_reader import read_yaml
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World, kinds, registry

BROKEN: dict[str, Any] = {
    "name": HOSTILE,
    "source": HOSTILE,
    "version": None,
    "refs": [],
    "error": f"ImportError: {HOSTILE}\nline two",
}


@pytest.fixture
def world(world: World) -> World:
    """All built-in plugins, and one that did not load."""
    from server.views import plugin_document

    plugins = [plugin_document(info) for info in registry().plugins]
    world.http.on("GET", "/api/plugins", lambda _r: [*plugins, BROKEN])
    return world


def _kind(app: Any) -> str:
    return str(app.screen.query_one("#kind", Static).render())


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_it_shows_plugins_steps_and_parameters(world: World, size: tuple[int, int]) -> None:
    async with world.shown("plugins", size=size) as (app, pilot):
        steps = app.screen.query_one("#steps", OptionList)
        await pilot.press("j", "j")
        await idle(app)
        assert steps.option_count == 3
        first = _kind(app)
        await pilot.press("tab", "down")
        await idle(app)
        assert _kind(app) != first
        for pane in app.screen.query(".pane"):
            assert pane.region.height > 2, pane
        app.screen.listing.table.focus()  # type: ignore[attr-defined]
        await pilot.press("G")
        await idle(app)
        assert "did not load" in _kind(app)
        assert "\x1b" not in _kind(app)


@presses("plugins.error")
async def test_the_error_is_shown_whole(world: World) -> None:
    async with world.shown("plugins") as (app, pilot):
        assert app.screen.refusal("plugins.error") is not None  # type: ignore[attr-defined]
        await pilot.press("G", "exclamation_mark")
        await until(lambda: isinstance(app.screen, MessageModal), "the error")
        text = "".join(str(part.render()) for part in app.screen.query(Static))
        assert "line two" in text
        assert "\x1b" not in text
        await pilot.press("escape")
        assert app.screen.refusal("plugins.new") == "there is no step chosen"  # type: ignore[attr-defined]


@presses("plugins.copy")
async def test_e_copies_an_example_as_yaml(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("plugins") as (app, pilot):
        copied: list[str] = []
        monkeypatch.setattr("flowdesk.tui.clipboard.copy", lambda _app, text, _what: copied.append(text))
        await pilot.press("e")
        document, _marks = read_yaml(copied[0])
        assert document["steps"][0]["ref"] == app.screen.kind["ref"]  # type: ignore[attr-defined]


@presses("plugins.new")
async def test_n_begins_a_workflow_with_the_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("plugins") as (app, pilot):
        drafts: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda _id, *, draft: drafts.append(draft))
        await pilot.press("n")
        assert drafts[0]["steps"][-1]["ref"] == app.screen.kind["ref"]  # type: ignore[attr-defined]


def test_every_kind_makes_a_draft_whose_steps_hang_together() -> None:
    for kind in kinds():
        draft = workflow_with(kind)  # type: ignore[arg-type]
        given = {"id": "wf_1", "ownerId": "u", "version": 1, "createdAt": 0, "updatedAt": 0, **draft}
        plan = compile_plan(Workflow.model_validate(given), registry())
        assert set(plan.steps) == {step["id"] for step in draft["steps"]}, kind["ref"]
