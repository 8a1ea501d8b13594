"""The list of jobs, key by key."""

from __future__ import annotations

from typing import Any

import pytest

from flowdesk.tui.modals.confirm import ConfirmModal
from tests.tui.pressing import presses
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, said, until
from tests.tui.world import HOSTILE, World


async def test_it_shows_hostile_jobs_by_their_workflows_name(world: World) -> None:
    world.workflows[0]["name"] = HOSTILE
    world.jobs[1] |= {"stepId": HOSTILE, "error": {"code": "x", "message": HOSTILE}}
    async with world.shown("jobs", size=(200, 50)) as (app, _pilot):
        table = app.screen.listing.table  # type: ignore[attr-defined]
        row = [cell.plain for cell in table.get_row("job_0001")]
        assert row[1] == "↻ waiting"
        assert row[5] == "in 41s"
        assert "\x1b" not in "".join(cell.plain for cell in table.get_row("job_0002"))


@presses("jobs.status")
async def test_v_shows_one_state(world: World) -> None:
    async with world.shown("jobs") as (app, pilot):
        await pilot.press("v", "v")
        await idle(app)
        assert [job["id"] for job in app.screen.listing.shown] == ["job_0002"]  # type: ignore[attr-defined]


@presses("jobs.retry")
async def test_r_tries_now_what_waits_or_was_given_up(world: World) -> None:
    world.jobs.append(world.jobs[1] | {"id": "job_0003"})
    world.jobs.append(world.jobs[1] | {"id": "job_0004", "status": "RUNNING"})

    def retry(request: Any) -> Any:
        if request.found[0] == "job_0003":
            raise refuse(409, "conflict", "it is not parked any more")
        return world.jobs[1]

    world.http.on("POST", "/api/workflows/jobs/{}/retry", retry)
    async with world.shown("jobs", toasts=True) as (app, pilot):
        app.screen.listing.point_at("job_0004")  # type: ignore[attr-defined]
        assert app.screen.refusal("jobs.retry") is not None  # type: ignore[attr-defined]
        await pilot.press("asterisk", "r")
        await idle(app)
        assert [call.path.split("/")[4] for call in world.http.calls("POST")] == [
            "job_0001",
            "job_0002",
            "job_0003",
        ]
        await until(lambda: any("2 of 3" in text for text in said(app)), "what was done")
        await until(lambda: any("not parked any more" in text for text in said(app)), "what was not")


@presses("jobs.cancel")
async def test_c_cancels_the_run_after_a_question(world: World) -> None:
    world.http.on("POST", "/api/runs/{}/cancel", lambda r: world.find(world.runs, r.found[0]))
    async with world.shown("jobs") as (app, pilot):
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await idle(app)
        assert [call.path for call in world.http.calls("POST")] == ["/api/runs/run_0002/cancel"]


async def test_enter_opens_the_run_at_the_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("jobs") as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_run", lambda run_id, **more: opened.append((run_id, more)))
        await pilot.press("enter")
        assert opened == [("run_0002", {"step": "send"})]


async def test_a_production_server_asks_before_a_retry(world: World) -> None:
    world.label = "production"
    async with world.shown("jobs") as (app, pilot):
        await pilot.press("j", "r")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("escape")
        await idle(app)
        assert not world.http.calls("POST")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_an_empty_list_says_so(world: World, size: tuple[int, int]) -> None:
    world.jobs.clear()
    async with world.shown("jobs", size=size) as (app, _pilot):
        assert app.screen.listing.has_class("-empty")  # type: ignore[attr-defined]
