"""A person without anything, and a terminal in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Home
from tests.tui.journeys import tmux


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A user whose server has never run; a server of theirs takes any free port."""
    (tmp_path / "home").mkdir()
    home = Home(tmp_path, {"HOME": str(tmp_path / "home"), "PORT": "0"})
    yield home
    home.close()


@pytest.fixture
def window(home: Home) -> Iterator[tmux.Terminal]:
    """A terminal of 120 by 36."""
    if tmux.TMUX is None:
        pytest.skip(tmux.WHY_NOT)
    with tmux.terminal(home) as window:
        yield window
