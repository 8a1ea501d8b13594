"""The run view while its run goes on: live events, holes, a lost connection, very long journals."""

from __future__ import annotations

from engine.inputs import Finished
from engine.sdk import StepResult
from flowdesk.tui.screens.run.screen import RunScreen
from tests.tui.runs import MAIL, Played, failed_run, running_run
from tests.tui.screens.run.test_screen import log_texts, opened
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, until
from tests.tui.world import World


def finish(played: Played) -> None:
    """The step under way succeeds and so does the rest."""
    played.give(Finished("look", StepResult.success({"found": 1})))
    played.done(MAIL)
    played.done("note")


async def test_events_change_what_is_shown(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (_app, _pilot, screen):
        played.log("look", "still connecting")
        played.tell()
        await until(lambda: "still connecting" in log_texts(screen), "the line")
        finish(played)
        played.tell()
        await until(lambda: screen.model is not None and screen.model.ended, "the end")
        await until(lambda: not screen.ticks, "rest")
        assert screen.model is not None
        assert [s["status"] for s in screen.model.steps.values()] == ["SUCCESS"] * 4
        await until(lambda: any("✔" in crumb for crumb in screen.crumbs()), "the end in the header")


async def test_the_document_says_what_events_do_not(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (_app, _pilot, screen):
        before = len(world.http.calls("GET", f"/api/runs/{played.id}"))
        finish(played)
        played.tell()
        await until(lambda: screen.model is not None and screen.model.run["durationMs"] is not None, "how long it took")
        assert len(world.http.calls("GET", f"/api/runs/{played.id}")) > before


async def test_a_hole_is_filled_from_the_journal(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (_app, _pilot, screen):
        for number in range(5):
            played.log("look", f"unheard {number}")
        played.keep_silent()
        played.log("look", "heard")
        played.tell()
        await until(lambda: "heard" in log_texts(screen), "the line behind the hole")
        wanted = [*(f"unheard {number}" for number in range(5)), "heard"]
        assert [text for text in log_texts(screen) if "heard" in text] == wanted


async def test_what_was_missed_is_read_and_marked(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (app, _pilot, screen):
        app.live.become("reconnecting", "gone")
        await until(lambda: screen.has_class("-offline"), "the loss")
        assert screen.refusal("run.cancel") == "there is no connection to the server"
        assert screen.refusal("run.error") is None
        for number in range(3):
            played.log("look", f"missed {number}")
        played.keep_silent()
        app.live.become("connected")
        await until(lambda: "missed 2" in log_texts(screen), "what was missed")
        texts = log_texts(screen)
        assert texts.index("3 events while away") < texts.index("missed 0")
        played.log("look", "after")
        played.tell()
        await until(lambda: "after" in log_texts(screen), "what is live again")
        assert len([text for text in log_texts(screen) if text.startswith("missed")]) == 3


async def test_a_journal_that_cannot_be_read_is_asked_for_again(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (_app, _pilot, screen):
        path = f"/api/runs/{played.id}/journal"
        world.http.on("GET", path, lambda r: refuse(503, "storage_unavailable", "not now"))
        played.log("look", "unheard")
        played.keep_silent()
        played.log("look", "heard")
        asked = len(world.http.calls("GET", path))
        played.tell()
        await until(lambda: len(world.http.calls("GET", path)) > asked and not screen.feed.reading, "the refusal")
        played.serve()
        played.log("look", "heard again")
        played.told -= 1
        played.tell()
        await until(lambda: "heard again" in log_texts(screen), "all lines")
        assert [text for text in log_texts(screen) if "heard" in text] == ["unheard", "heard", "heard again"]


async def test_a_run_that_was_deleted_meanwhile_is_left(world: World) -> None:
    played = running_run(world)
    async with opened(played) as (app, _pilot, screen):
        world.http.on("GET", f"/api/runs/{played.id}", lambda r: refuse(404, "not_found", "gone"))
        finish(played)
        played.tell()
        await until(lambda: app.screen is not screen, "the way back")


async def test_a_run_that_could_not_be_read_is_read_when_the_server_is_back(world: World) -> None:
    played = running_run(world)
    async with world.shown("workflows") as (app, _pilot):
        world.http.down = True
        app.open_run(played.id)
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        await idle(app)
        assert screen.refusal("run.markdown") == "the run is still being read"
        world.http.down = False
        app.live.become("reconnecting")
        app.live.become("connected")
        await until(lambda: screen.model is not None, "the run")


async def test_events_of_other_runs_are_not_shown(world: World) -> None:
    played, other = running_run(world), running_run(world, 7)
    async with opened(played) as (_app, _pilot, screen):
        other.log("look", "of another run")
        other.tell()
        played.log("look", "of this run")
        played.tell()
        await until(lambda: "of this run" in log_texts(screen), "the line")
        assert "of another run" not in log_texts(screen)


async def test_a_long_journal_opens_at_its_end_and_goes_back_on_demand(world: World) -> None:
    played = running_run(world)
    for number in range(5_000):
        played.log("look", f"line {number}")
    played.keep_silent()
    async with opened(played) as (app, pilot, screen):
        pane = screen.tabs.log_panel.pane
        assert log_texts(screen)[-1] == "line 4999"
        assert "line 0" not in log_texts(screen)
        asked = len(world.http.calls("GET", f"/api/runs/{played.id}/journal"))
        assert asked <= 4
        await pilot.press("g")
        await until(lambda: len(pane.store.shown) > 2_500, "an older page")
        await idle(app)
        while screen.feed.has_older:
            await pilot.press("j", "g")
            await idle(app)
        texts = log_texts(screen)
        assert [text for text in texts if text.startswith("line ")] == [f"line {number}" for number in range(5_000)]


async def test_an_attempt_of_long_ago_is_read_when_it_is_wanted(world: World) -> None:
    played = Played(world, 6)
    played.done("look")
    played.fail(MAIL, "the first failure", {"attempt": 1})
    played.start(MAIL, {"attempt": 2})
    for number in range(3_000):
        played.log(MAIL, f"line {number}")
    played.serve()
    async with opened(played, step=MAIL) as (_app, pilot, screen):
        assert screen.model is not None
        assert screen.model.attempt(MAIL, 1) is None
        await pilot.press("less_than_sign")
        await until(lambda: screen.attempt == 1, "the first attempt")
        assert "the first failure" in screen.tabs.error.text


async def test_a_finished_run_asks_nothing_more(world: World) -> None:
    played = failed_run(world)
    async with opened(played) as (app, _pilot, screen):
        asked = len(world.http.asked)
        await idle(app)
        assert len(world.http.asked) == asked
        assert not screen.ticks
        assert not screen.steps.ticks
