"""Row 48: the terminal UI on a real server, showing a run that used a secret in every way."""

from __future__ import annotations

from pathlib import Path

from flowdesk.client import Client
from flowdesk.launch import Connection, Target, Wish
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.host import Options
from flowdesk.tui.screens.run.screen import RunScreen
from tests.security.canary import CANARY, shown_in_files, shows
from tests.security.echo import echoing
from tests.security.test_row_48_secret_shown import exercise, keep
from tests.server.live import Person, live
from tests.tui.screen_text import screen_text
from tests.tui.waiting import settled, until


class ToServer:
    """Gives the terminal UI a client of a running server."""

    def __init__(self, person: Person) -> None:
        self._client = Client(person.live.url, person.token)
        self._target = Target(person.live.url, person.token, "address")

    async def open(self, token: str | None = None) -> Connection:
        """The one connection."""
        await self._client.__aenter__()
        return Connection(self._client, self._target)

    async def close(self) -> None:
        """Leave."""
        await self._client.__aexit__(None, None, None)

    def elsewhere(self, wish: Wish) -> ToServer:
        """The same; nobody goes anywhere else here."""
        return self


async def test_no_screen_shows_it(tmp_path: Path) -> None:
    """Row 48: neither the lists, the run's tabs, nor the values beside a workflow that is edited."""
    seen: dict[str, str] = {}
    async with live(tmp_path / "data") as server, echoing() as echo:
        ali = await server.person("ali")
        await keep(ali)
        run_id = await exercise(ali, echo)
        workflow_id = (await ali.get(f"/api/runs/{run_id}"))["workflowId"]
        app = FlowDeskApp(ToServer(ali), Options(state_dir=tmp_path / "tui"))
        async with app.run_test(size=(120, 36)):
            await until(lambda: app.live.attached, "the server")
            for area in ("jobs", "secrets"):
                await app.go(area)
                await settled(app)
                seen[area] = screen_text(app)
            app.open_editor(workflow_id, step="send", run_id=run_id)
            await settled(app)
            seen["editor"] = screen_text(app)
            for step, tabs in (("send", ("input", "output")), ("fail", ("log", "error", "journal"))):
                app.open_run(run_id, step=step)
                await until(lambda: isinstance(app.screen, RunScreen), "the run")
                await settled(app)
                assert isinstance(app.screen, RunScreen)
                for name in tabs:
                    app.screen.tabs.go(name)
                    await settled(app)
                    seen[f"{step}: {name}"] = screen_text(app)
    assert CANARY in echo.heard[0]
    hidden = {where for where, text in seen.items() if "••••••" in text}
    assert hidden >= {"send: input", "send: output", "fail: log", "fail: error"}, "what is hidden was looked at"
    assert "CANARY" in seen["secrets"]
    assert {where: form for where, text in seen.items() if (form := shows(text)) is not None} == {}
    assert shown_in_files(tmp_path) == []
