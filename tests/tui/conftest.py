"""What every test of the terminal UI needs: no animations, no blinking, and a world to show."""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual is imported

import pytest
from textual.widgets import Input

from tests.tui.world import World


@pytest.fixture(autouse=True)
def _steady_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)


@pytest.fixture
def world() -> World:
    """Four workflows and what happened to them."""
    return World()
