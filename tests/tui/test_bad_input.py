"""What is wrong around the terminal UI is told where it happened, and the rest works.

Without a terminal, see tests/acceptance/test_terminal.py; tiny ones and servers of another version, test_start.py; no
colour, test_panes.py; source text that is no workflow, screens/editor/test_views.py.
"""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Input

from flowdesk.tui.keymap import NAME as KEYMAP
from tests.tui.waiting import said, until
from tests.tui.world import World


async def test_files_that_cannot_be_used_are_told_and_the_rest_works(world: World, tmp_path: Path) -> None:
    state, config = tmp_path / "state", tmp_path / "config"
    state.mkdir()
    config.mkdir()
    (state / "session.json").write_bytes(b"\xff{")
    (config / KEYMAP).write_text('{"no.such": "x", "list.mark": "ctrl+m", "list.filter": "ctrl+f"}')
    async with world.shown("workflows", toasts=True, state_dir=state, environ={"FLOWDESK_CONFIG_DIR": str(config)}) as (
        app,
        pilot,
    ):
        told = "\n".join(said(app))
        assert "session.bad" in told
        assert "there is no action 'no.such'" in told
        assert "list.mark cannot have ctrl+m" in told
        await pilot.press("space")
        assert len(app.screen.listing.marked) == 1, "its own key stays"  # type: ignore[attr-defined]
        await pilot.press("ctrl+f")
        await until(lambda: isinstance(app.focused, Input), "the filter, by the key that could be used")
    assert (state / "session.bad").read_bytes() == b"\xff{"
