"""Choosing a kind of step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from flowdesk.replies import StepKind
from flowdesk.tui.modals.step_picker import StepPicker
from tests.tui.pressing import presses
from tests.tui.waiting import idle
from tests.tui.world import HOSTILE, kinds

KINDS = cast("list[StepKind]", kinds())


class Host(App[None]):
    """Opens the picker and keeps what was chosen."""

    def __init__(self, offered: Sequence[StepKind]) -> None:
        super().__init__()
        self.picker = StepPicker(offered, title=f"Add after {HOSTILE}")
        self.chosen: list[str | None] = []

    def on_mount(self) -> None:
        """At once."""
        self.push_screen(self.picker, self.chosen.append)


@asynccontextmanager
async def picking(offered: Sequence[StepKind] = KINDS) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    host = Host(offered)
    async with host.run_test(size=(130, 40)) as pilot:
        await idle(host)
        yield host, pilot


def about(host: Host) -> str:
    return str(host.picker.query_one(".about").render())


async def typed(host: Host, pilot: Pilot[None], text: str) -> list[str]:
    host.picker.query_one(Input).value = text
    await pilot.pause()
    await idle(host)
    return [kind["ref"] for kind in host.picker.offered]


async def test_all_kinds_under_their_families_with_triggers_first() -> None:
    async with picking() as (host, pilot):
        assert {kind["ref"] for kind in host.picker.offered} == {kind["ref"] for kind in KINDS}
        options = host.picker.query_one(OptionList)
        lines = [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]
        assert lines[0] == "Triggers"
        assert "http" in lines
        await pilot.press("enter")
        assert host.chosen == [host.picker.offered[0]["ref"]]


async def test_typing_finds_by_name_title_and_what_it_does() -> None:
    async with picking() as (host, pilot):
        assert (await typed(host, pilot, "htre"))[0] == "http.request"
        assert (await typed(host, pilot, "write text"))[0] == "text.template"
        assert "data.pick" in await typed(host, pilot, "CEL expression")
        assert await typed(host, pilot, "zzzz") == []
        assert "No step does that" in about(host)
        await pilot.press("enter")
        assert host.chosen == []
        await typed(host, pilot, "http.")
        await pilot.press("down", "enter")
        assert host.chosen == [host.picker.offered[1]["ref"]]


async def test_the_right_side_tells_parameters_and_an_example() -> None:
    async with picking() as (host, pilot):
        await typed(host, pilot, "core.fail")
        assert "message*" in about(host)
        assert '"code": "no_address"' in about(host)
        assert "pure: repeating it costs nothing" in about(host)


@presses("picker.next", "picker.previous")
async def test_the_arrows_move_while_one_types() -> None:
    async with picking() as (host, pilot):
        await typed(host, pilot, "http.")
        await pilot.press("down", "down", "up", "enter")
        assert host.chosen == [host.picker.offered[1]["ref"]]


@presses("picker.leave")
async def test_escape_chooses_nothing() -> None:
    async with picking() as (host, pilot):
        await pilot.press("escape")
        assert host.chosen == [None]


async def test_a_strange_plugin_is_text() -> None:
    wild: Any = {**KINDS[0], "ref": f"x.{HOSTILE}", "title": HOSTILE, "description": HOSTILE, "params": None}
    wild["examples"] = [{"title": HOSTILE, "params": {"k": "\x1b[2J [/red]\u202e"}, "data": {}, "output": None}]
    async with picking([wild]) as (host, _pilot):
        assert "\x1b" not in about(host)
        assert "\u202e" not in about(host)
        assert "[/y] [red]z" in about(host)
