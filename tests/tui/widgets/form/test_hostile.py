"""A plugin's schema, a step and a run may hold anything; all of it is drawn as text."""

from __future__ import annotations

from typing import Any

from engine.errors import Problem
from flowdesk.replies import StepKind
from flowdesk.tui.draw.previews import Preview
from flowdesk.tui.widgets.form.controls import Suggestions
from flowdesk.tui.widgets.form.fold import Fold
from tests.tui.waiting import until
from tests.tui.widgets.form.host import FormHost, settled
from tests.tui.world import HOSTILE

_WORDS: dict[str, Any] = {"title": HOSTILE, "description": HOSTILE, "default": HOSTILE, "examples": [HOSTILE]}


def _object(tag: str) -> dict[str, Any]:
    return {"type": "object", **_WORDS, "properties": {"kind": {"const": tag}, HOSTILE: {"type": "string", **_WORDS}}}


KIND: StepKind = {
    "ref": HOSTILE,
    "kind": "ACTION",
    "title": HOSTILE,
    "description": HOSTILE,
    "effect": HOSTILE,
    "examples": [],
    "source": HOSTILE,
    "params": {
        "type": "object",
        "properties": {
            HOSTILE: {"type": "string", **_WORDS},
            "choice": {"enum": [HOSTILE, "[/"], **_WORDS},
            "switch": {"type": "boolean", **_WORDS},
            "inner": _object("x"),
            "union": {"anyOf": [_object(HOSTILE), _object("[/]")], **_WORDS},
            "list": {"type": "array", "items": {"type": "string", **_WORDS}, **_WORDS},
            "map": {"type": "object", "additionalProperties": {"type": "string", **_WORDS}, **_WORDS},
            "number": {"type": "integer", **_WORDS},
        },
    },
}
PARAMS: dict[str, Any] = {
    HOSTILE: "[/red] plain",
    "choice": HOSTILE,
    "inner": {HOSTILE: HOSTILE, "more": HOSTILE},
    "union": {"kind": "[/]"},
    "list": [HOSTILE, "[/", "x" * 50_000],
    "map": {"[/": "[/", "[red]": HOSTILE},
    "number": HOSTILE,
    "stranger": HOSTILE,
}


async def test_nothing_hostile_reaches_the_screen_or_ends_the_app() -> None:
    step = {"id": HOSTILE, "name": HOSTILE, "ref": HOSTILE, "params": PARAMS, "onError": HOSTILE}
    problems = [Problem("x", HOSTILE, None, f"params.{key}", HOSTILE) for key in PARAMS] + [Problem("x", HOSTILE)]
    host = FormHost(KIND, step, problems)
    async with host.run_test(size=(100, 200)) as pilot:
        await settled(host, pilot)
        for fold in list(host.form.query(Fold)):
            await fold.unfold()
        host.form.set_scope({"data": {HOSTILE: HOSTILE, "[/": "[/red]"}}, HOSTILE)
        host.form.set_preview({"params.list[1]": Preview(HOSTILE), "params.stranger": Preview(error=HOSTILE)})
        await settled(host, pilot)
        assert host.changes == []
        assert host.form.step == step
        assert await host.form.focus_field("params.map.[/")
        await pilot.press(*"{{")
        await until(lambda: host.form.query(Suggestions), "the suggestions")
        await settled(host, pilot)
        picture = host.export_screenshot()
        assert not [char for char in ("\x1b", "\u202e", "\ud800") if char in picture]
        assert "[/red]&#160;plain" in picture
