"""What every test of the terminal UI needs: no animations, no blinking, styles read once, and a world to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual is imported

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.widgets import Input

from tests.tui.pressing import Pressed, meant
from tests.tui.world import World

_read_styles = Stylesheet._parse_rules
_STYLES: dict[tuple[Any, ...], list[RuleSet]] = {}


def _styles_once(sheet: Stylesheet, css: str, **given: Any) -> list[RuleSet]:
    """What these styles come to. Each app of each test would read the same hundred kilobytes again, twice."""
    key = (css, *sorted(given.items()), *sorted(sheet._variables.items()))
    if key not in _STYLES:
        _STYLES[key] = _read_styles(sheet, css, **given)
    return _STYLES[key]


Stylesheet._parse_rules = _styles_once  # type: ignore[assignment, method-assign]


@pytest.fixture(autouse=True)
def _steady_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)


@pytest.fixture(autouse=True)
def _pressed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pressed]:
    """See to it that a test presses the keys it is marked with."""
    claims = {name for mark in request.node.iter_markers("presses") for wanted in mark.args for name in meant(wanted)}
    pressed = Pressed(monkeypatch)
    yield pressed
    assert claims <= pressed.keys, f"claimed and never pressed: {sorted(claims - pressed.keys)}"


@pytest.fixture
def world() -> World:
    """Four workflows and what happened to them."""
    return World()
