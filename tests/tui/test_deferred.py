"""What is promised for a little later: taken back, done, done early at the end, and kept when it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.messages import ExitApp

from flowdesk.errors import Unreachable
from flowdesk.tui.deferred import Deferred
from tests.tui.pressing import presses
from tests.tui.waiting import idle, said, until
from tests.tui.world import World


class Promised:
    """A promise that notes what became of it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.became: list[str] = []
        self._fails = fails

    async def work(self) -> None:
        """Do it, or fail."""
        self.became.append("tried")
        if self._fails:
            raise Unreachable("nobody answers")
        self.became.append("done")

    def keep(self) -> None:
        """It does not happen."""
        self.became.append("kept")


@presses("app.undo")
async def test_u_takes_the_newest_back_and_leaves_the_others(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, pilot):
        older, newer = Promised(), Promised()
        app.deferred.later("Deleting one", older.work, older.keep)
        app.deferred.later("Deleting two", newer.work, newer.keep)
        await pilot.press("u")
        await idle(app)
        assert (older.became, newer.became) == ([], ["kept"])
        assert any("Deleting two: undone" in text for text in said(app))
        await pilot.press("u", "u")
        assert (older.became, newer.became) == (["kept"], ["kept"])


@pytest.mark.parametrize(("fails", "became"), [(False, ["tried", "done"]), (True, ["tried", "kept"])])
async def test_it_happens_when_the_time_is_over_and_is_kept_when_it_fails(
    world: World, fails: bool, became: list[str]
) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        soon = Deferred(app, grace_s=0.01)
        promised = Promised(fails=fails)
        soon.later("Deleting one", promised.work, promised.keep)
        await until(lambda: promised.became == became, "what becomes of it")
        await idle(app)
        assert any("Deleting one failed: nobody answers" in text for text in said(app)) is fails
        assert soon.undo() is False


async def test_leaving_does_it_at_once_and_tells_what_failed(world: World, tmp_path: Path) -> None:
    good, bad = Promised(), Promised(fails=True)
    async with world.shown("workflows", state_dir=tmp_path) as (app, pilot):
        app.deferred.later("Deleting one", good.work, good.keep)
        app.deferred.later("Deleting two", bad.work, bad.keep)
        await pilot.press("ctrl+q")
        await until(lambda: app.return_value == 0, "the end")
    assert (good.became, bad.became) == (["tried", "done"], ["tried", "kept"])
    assert app.farewell == "Deleting two failed: nobody answers"


async def test_an_end_from_outside_does_it_too(world: World, tmp_path: Path) -> None:
    """A closed tab of a browser sends this message and nothing else, and so does a signal there."""
    deleted: list[Any] = []
    world.http.on("DELETE", "/api/workflows/{}", lambda r: deleted.append(r.found[0]))
    async with world.shown("workflows", state_dir=tmp_path) as (app, _pilot):

        async def delete() -> None:
            await app.live.client.workflows.delete("wf_0002")

        app.deferred.later("Deleting hello", delete, lambda: None)
        app.post_message(ExitApp())
        await until(lambda: deleted, "the deletion")
        await until((tmp_path / "session.json").is_file, "what is remembered")
    assert deleted == ["wf_0002"]
