"""A user's own keys: what can be used is used, what cannot is told, and nothing stops the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowdesk.tui import keys
from flowdesk.tui.keymap import NAME, check_keymap, named, read_keymap
from tests.tui.waiting import idle
from tests.tui.world import World


@pytest.mark.parametrize(
    ("wanted", "trouble"),
    [
        ({"run.destroy": "x"}, "there is no action 'run.destroy'"),
        ({"run.cancel": 7}, "must be a text"),
        ({"run.cancel": " "}, "must be a text"),
        ({"run.cancel": "ctrl+m"}, "terminals report it as another key"),
        ({"run.cancel": "strg+x"}, "there is no such key"),
        ({"app.quit": "ctrl+qq"}, "there is no such key"),
        ({"run.cancel": "f99"}, "there is no such key"),
        ({"run.cancel": "R"}, "run.rerun has that key"),
        ({"run.cancel": "?"}, "app.help has that key"),
        ({"run.cancel": "question_mark"}, "app.help has that key"),
    ],
)
def test_what_cannot_be_used_is_told(wanted: dict[str, object], trouble: str) -> None:
    used, wrong = check_keymap({**wanted, "workflow.new": "N"})
    assert used == {"workflow.new": "N"}
    assert len(wrong) == 1
    assert trouble in wrong[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ctrl+x", "ctrl+x"),
        ("G", "G"),
        ("\u00e9", "\u00e9"),
        ("/", "slash"),
        ("ctrl+/", "ctrl+slash"),
        ("+", "plus"),
        ("ctrl+A", "ctrl+shift+a"),
        ("ctrl+shift+a", "ctrl+shift+a"),
        ("question_mark", "question_mark"),
        ("alt+f12", "alt+f12"),
        ("", None),
        ("ctrl", None),
        ("cntrl+x", None),
        ("x y", None),
        ("\x07", None),
    ],
)
def test_a_key_may_be_written_as_its_sign(written: str, meant: str | None) -> None:
    assert named(written) == meant


def test_every_key_of_the_table_has_a_name_that_is_known() -> None:
    for act in keys.acts().values():
        assert [named(key) for key in act.keys.split(",")] == act.keys.split(","), act.id


def test_two_actions_may_change_places() -> None:
    assert check_keymap({"run.cancel": "R", "run.rerun": "c"}) == ({"run.cancel": "R", "run.rerun": "c"}, [])


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / NAME) == ({}, [])


@pytest.mark.parametrize("text", ["{", "[]", "\x00", '{"a": 1, "a": 2}'])
def test_an_unreadable_file_is_told_and_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    used, wrong = read_keymap(tmp_path / NAME)
    assert used == {}
    assert len(wrong) == 1


async def test_a_changed_key_acts_and_the_old_one_does_not(world: World, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps({"list.filter": "ctrl+f", "no.such": "x"}))
    async with world.shown("workflows", environ={"FLOWDESK_CONFIG_DIR": str(tmp_path)}) as (app, pilot):
        await pilot.press("slash")
        await idle(app)
        assert app.focused is not None
        assert app.focused.id != "filter"
        await pilot.press("ctrl+f")
        await idle(app)
        assert app.focused.id == "filter"
