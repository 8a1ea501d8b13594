"""Row 48: the terminal UI on a real server, showing a run that used a secret in every way."""

from __future__ import annotations

from pathlib import Path

from flowdesk.client import Client
from flowdesk.launch import Connection, Target, Wish
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.host import Options
from flowdesk.tui.screens.editor.screen import EditorScreen
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.screens.run.tabs import NAMES
from tests.security.canary import CANARY, shown_in_files, shows
from tests.security.echo import echoing
from tests.security.test_row_48_secret_shown import exercise, keep
from tests.server.live import live
from tests.tui.screen_text import screen_text
from tests.tui.waiting import settled, until


class Connected:
    """Gives the terminal UI one client of a running server, which whoever made it closes."""

    def __init__(self, client: Client, target: Target) -> None:
        self._connection = Connection(client, target)

    async def open(self, token: str | None = None) -> Connection:
        """The one connection."""
        return self._connection

    async def close(self) -> None:
        """It stays open."""

    def elsewhere(self, wish: Wish) -> Connected:
        """The same; nobody goes anywhere else here."""
        return self


async def screens(app: FlowDeskApp, run_id: str) -> dict[str, str]:
    """What is on the screen in the areas that tell of failures and secrets, and of a step in each tab of its run."""
    seen: dict[str, str] = {}
    async with app.run_test(size=(120, 36)):
        await until(lambda: app.live.attached, "the server")
        for area in ("jobs", "secrets"):
            await app.go(area)
            await settled(app)
            seen[area] = screen_text(app)
        app.open_run(run_id, step="send")
        await until(lambda: isinstance(app.screen, RunScreen), "the run")
        assert isinstance(app.screen, RunScreen)
        for name in NAMES:
            await settled(app)
            app.screen.tabs.show(name)
            await settled(app)
            seen[name] = screen_text(app)
        assert app.screen.model is not None
        app.open_editor(app.screen.model.run["workflowId"], step="send")
        await until(lambda: isinstance(app.screen, EditorScreen), "the editor")
        await settled(app)
        seen["editor"] = screen_text(app)
    return seen


async def test_no_screen_shows_it(tmp_path: Path) -> None:
    """Row 48: neither the lists nor the tabs of the run, which show what is hidden instead."""
    async with live(tmp_path / "data") as server, echoing() as echo:
        ali = await server.person("ali")
        await keep(ali)
        run_id = await exercise(ali, echo)
        target = Target(server.url, ali.token, "address")
        async with Client(server.url, ali.token) as client:
            seen = await screens(FlowDeskApp(Connected(client, target), Options(state_dir=tmp_path / "tui")), run_id)
    assert CANARY in echo.heard[0]
    hidden = {where for where, text in seen.items() if "••••••" in text}
    assert hidden >= {"input", "output", "log", "journal"}, "what is hidden was looked at"
    assert "CANARY" in seen["secrets"]
    assert {where: form for where, text in seen.items() if (form := shows(text)) is not None} == {}
    assert shown_in_files(tmp_path) == []
