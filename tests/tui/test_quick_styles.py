"""Styles that are remembered are those that Textual computes; test_hostile compares them on every screen and dialog."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from flowdesk.tui import quick_styles
from flowdesk.tui.quick_styles import QuickStylesheet
from tests.tui.plain_styles import differences
from tests.tui.screens.editor.desk import opened
from tests.tui.waiting import idle
from tests.tui.world import World


async def test_focus_classes_themes_and_disabled_fields_change_what_is_remembered(world: World) -> None:
    async with opened(world) as (app, pilot, screen):
        assert isinstance(app.stylesheet, QuickStylesheet)
        assert list(differences(app)) == []
        for field in list(screen.query(Input))[:3]:
            field.focus()
            await idle(app)
            assert list(differences(app)) == []
        field.add_class("-invalid")
        field.disabled = True
        app.theme = "textual-light" if app.current_theme.dark else "textual-dark"
        await idle(app)
        assert list(differences(app)) == []
        await pilot.resize_terminal(60, 20)
        assert list(differences(app)) == []


async def test_a_style_that_is_wrong_is_found(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        next(iter(app.screen.query(Input))).styles.base._rules["width"] = None  # type: ignore[typeddict-item]
        assert len(list(differences(app))) == 1


async def test_what_is_remembered_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_styles, "PARTS_KEPT", 5)
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("slash")
        sheet = app.stylesheet
        assert isinstance(sheet, QuickStylesheet)
        assert 0 < len(sheet._parts) <= 5
        assert list(differences(app)) == []
