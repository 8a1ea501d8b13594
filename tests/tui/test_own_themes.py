"""A person's own themes: what can be used is used, what cannot is told, and a changed file is seen at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowdesk.tui import own_themes
from flowdesk.tui.own_themes import DIRECTORY, read_themes
from tests.tui.waiting import said, until
from tests.tui.world import HOSTILE, World


def write(directory: Path, name: str, value: object) -> Path:
    (directory / DIRECTORY).mkdir(exist_ok=True)
    path = directory / DIRECTORY / f"{name}.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_no_directory_is_no_theme(tmp_path: Path) -> None:
    assert read_themes(tmp_path / DIRECTORY).themes == ()


@pytest.mark.parametrize(
    ("name", "value", "trouble"),
    [
        ("mine", "{", "JSON"),
        ("mine", [], "an object of colours"),
        ("mine", {"accent": "#fff"}, "with primary at least"),
        ("mine", {"primary": "reddish"}, "primary must be a colour"),
        ("mine", {"primary": 7}, "primary must be a colour"),
        ("mine", {"primary": "#fff", "dark": "yes"}, "true or false"),
        ("mine", {"primary": "#fff", "name": "x"}, "there is no colour 'name'"),
        ("nord", {"primary": "#fff"}, "is built in"),
        ("My Own", {"primary": "#fff"}, "small letters"),
    ],
)
def test_what_cannot_be_used_is_told_and_the_others_hold(
    tmp_path: Path, name: str, value: object, trouble: str
) -> None:
    write(tmp_path, name, value)
    write(tmp_path, "other", {"primary": "#5f87ff", "dark": False})
    found = read_themes(tmp_path / DIRECTORY)
    assert [(theme.name, theme.dark) for theme in found.themes] == [("other", False)]
    assert len(found.wrong) == 1
    assert trouble in found.wrong[0]


async def test_it_is_used_and_a_changed_file_is_seen_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_themes, "LOOK_EACH_S", 0.01)
    path = write(tmp_path, "mine", {"primary": "#112233"})
    write(tmp_path, "bad", {"primary": HOSTILE})
    environ = {"FLOWDESK_CONFIG_DIR": str(tmp_path)}
    app = world.app(state_dir=tmp_path, environ=environ)
    app.memory.put("theme", "mine")
    async with app.run_test(size=(120, 36), notifications=True):
        await until(lambda: app.theme == "mine", "the theme")
        await until(lambda: any("themes/bad.json is not used" in text for text in said(app)), "what is wrong")
        assert app.theme_variables["primary"] == "#112233"
        path.write_text(json.dumps({"primary": "#445566"}))
        os.utime(path, ns=(1, 1))
        await until(lambda: app.theme_variables["primary"] == "#445566", "the other colour")
