"""Whatever a step holds, a form that nobody touches changes nothing, and every field means what is there."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from flowdesk.tui.draw.field_values import value_of
from flowdesk.tui.draw.paths import GONE, path_text
from flowdesk.tui.widgets.form.boxes import Box, MapBox, Slot
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.form.fold import Fold
from tests.tui.widgets.form.host import FormHost, a_step, kind_of, settled, shown
from tests.tui.world import HOSTILE, kinds

EXAMPLES = [(kind["ref"], example["params"]) for kind in kinds() for example in kind["examples"]]
WILD: list[Any] = [
    {"message": HOSTILE.replace("\ud800", ""), "fields": {"n": 1, "t": "x", "deep": {"a": [1, None]}, "b": True}},
    {"message": "a\nb", "level": "{{level}}", "fields": "{{all}}"},
    {"message": 5, "level": "loud", "fields": None, "unknown": [1]},
    {"message": "tab\there", "fields": {"k\x1b": 1, "": 2}},
    {},
    {"message": "", "level": None},
    {"message": "many", "fields": {str(n): n for n in range(200)}},
]


async def meaning(host: FormHost, pilot: Pilot[None]) -> dict[str, Any]:
    """What all drawn fields come to, by reading back the text each shows."""
    for fold in host.form.query(Fold):
        await fold.unfold()
    await settled(host, pilot)
    found: dict[str, Any] = {}
    for row in host.form.query(FieldRow):
        if row.value is not GONE and row.mode in ("line", "area", "json"):
            found[row.place] = (row.value, value_of(row.field, row.text, row.mode))
    return found


@pytest.mark.parametrize(("ref", "params"), EXAMPLES)
async def test_examples_come_through(ref: str, params: dict[str, Any]) -> None:
    async with shown(ref, params) as (host, pilot):
        read = await meaning(host, pilot)
        assert all(value == meant and type(value) is type(meant) for value, meant in read.values()), read
        for box in host.form.query(MapBox):
            box.gather()
        await settled(host, pilot)
        assert host.changes == []
        assert host.form.step == a_step(ref, params)


@pytest.mark.parametrize("params", WILD)
async def test_what_no_field_fits_is_kept_and_readable(params: dict[str, Any]) -> None:
    async with shown("core.log", params, retry={"maxAttempts": 2}, next=["x"], more={"unknown": 1}) as (host, pilot):
        read = await meaning(host, pilot)
        assert host.changes == []
        assert host.form.step["params"] == params
        places = set(read)
        for key, value in params.items():
            if value not in ("", {}):
                assert any(place.startswith(f"params.{key}") for place in places), key


@pytest.mark.parametrize("kind", [k["ref"] for k in kinds()])
async def test_every_kind_can_be_begun_from_nothing(kind: str) -> None:
    async with shown(kind, {}) as (host, _pilot):
        properties = kind_of(kind)["params"]["properties"]  # type: ignore[index]  # every built-in has a schema
        drawn = {shown.place for shown in (*host.form.query(FieldRow), *host.form.query(Box))}
        drawn |= {path_text(group.path) for group in host.form.query(Slot)}  # one that is not needed is folded up
        assert {f"params.{key}" for key in properties} <= drawn
        assert host.changes == []


async def test_params_that_are_no_object_are_one_field() -> None:
    async with shown("core.log", "{{everything}}") as (host, _pilot):
        assert host.row("params").value == "{{everything}}"
        assert host.changes == []


async def test_a_kind_nobody_knows_is_edited_as_json() -> None:
    host = FormHost(None, {"id": "a", "ref": "gone.away", "params": {"x": 1}})
    async with host.run_test(size=(100, 40)) as pilot:
        await settled(host, pilot)
        await host.replace(pilot, "params", '{"x": 2}')
        assert host.document["params"] == {"x": 2}


async def test_half_a_character_is_shown_and_kept() -> None:
    async with shown("core.log", {"message": HOSTILE}) as (host, _pilot):
        assert host.row("params.message").text.isprintable()
        assert "ud800" in host.row("params.message").text
        assert host.form.step["params"] == {"message": HOSTILE}
