"""The messages in the corner: whatever they say is text, and the same words are said once."""

from __future__ import annotations

from flowdesk.clean import clean
from flowdesk.errors import Unreachable
from flowdesk.tui import toast
from tests.tui.waiting import idle, said
from tests.tui.world import HOSTILE, World


async def test_hostile_text_is_shown_as_text(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        toast.say(app, HOSTILE)
        await idle(app)
        assert said(app) == [clean(HOSTILE)]


async def test_the_same_words_are_one_message(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        for _ in range(10):
            toast.warn(app, "no")
        toast.warn(app, "yes")
        await idle(app)
        assert said(app) == ["no", "yes"]


async def test_an_error_is_told_with_its_hint_and_never_as_a_traceback(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        toast.fail(app, "Saving", Unreachable("nobody answers", hint="start it"))
        toast.fail(app, "Saving", ZeroDivisionError("secret"))
        await idle(app)
        assert said(app)[0] == "Saving failed: nobody answers (start it)"
        assert "secret" not in said(app)[1]
        assert "ZeroDivisionError" in said(app)[1]
