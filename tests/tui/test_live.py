"""What the screens hear of the server: batches, gaps, a link that breaks and comes back."""

from __future__ import annotations

from typing import Any

from flowdesk.replies import EventDoc
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, until
from tests.tui.world import NOW, World


def event(seq: int) -> dict[str, Any]:
    return {
        "runId": "run_0001",
        "workflowId": "wf_0001",
        "seq": seq,
        "at": NOW.isoformat(),
        "type": "step.log",
        "stepId": "send",
        "attempt": 1,
        "data": {"message": str(seq)},
    }


async def test_events_come_in_batches_and_in_order(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        batches: list[list[EventDoc]] = []
        app.live.events.subscribe(app, batches.append)
        await until(lambda: world.http.streams, "the stream")
        for seq in range(1, 51):
            world.http.send(event(seq))
        await until(lambda: sum(map(len, batches)) == 50, "the events")
        assert [found["seq"] for batch in batches for found in batch] == list(range(1, 51))
        assert len(batches) < 10


async def test_a_lost_stream_is_taken_up_again(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        states: list[str] = []
        heard: list[EventDoc] = []
        app.live.link.subscribe(app, states.append)
        app.live.events.subscribe(app, heard.extend)
        await until(lambda: world.http.streams, "the stream")
        world.http.drop_streams()
        await until(lambda: "reconnecting" in states, "the loss")
        await until(lambda: app.live.state == "connected" and world.http.streams, "the return")
        world.http.send(event(1))
        await until(lambda: heard, "an event of the new stream")


async def test_while_it_is_away_nothing_can_be_written_and_the_reason_is_told(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        app.live.become("reconnecting", "connection refused")
        await idle(app)
        assert app.screen.has_class("-offline")
        assert app.screen.refusal("workflow.delete") == "there is no connection to the server"  # type: ignore[attr-defined]
        app.live.become("connected")
        assert app.screen.refusal("workflow.delete") is None  # type: ignore[attr-defined]


async def test_attaching_anew_makes_screens_read_again(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        before = len(world.http.calls("GET", "/api/workflows"))
        app.live.attach(app.live.client)
        await until(lambda: len(world.http.calls("GET", "/api/workflows")) > before, "the list being read again")


async def test_a_token_that_is_refused_later_asks_for_a_login(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        refused: list[None] = []
        app.live.refused.subscribe(app, refused.append)
        await until(lambda: world.http.streams, "the stream")
        world.http.refusal = refuse(401, "unauthenticated", "the token has expired")
        world.http.drop_streams()
        await until(lambda: refused, "the refusal")
        world.http.refusal = None
        await until(lambda: app.live.state == "connected", "the new connection")
