"""Every style sheet can be read, every name in it exists, and every class has its own in order."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES

import flowdesk.tui
from tests.tui.world import World

ROOT = Path(flowdesk.tui.__path__[0])
SHEETS = sorted(ROOT.rglob("*.tcss"))
_HEXADECIMAL = re.compile(r"#[0-9a-fA-F]{6}\b|:\s*(?:rgb|hsl)\(")


def _classes() -> Iterator[type[DOMNode]]:
    for found in pkgutil.walk_packages(flowdesk.tui.__path__, "flowdesk.tui."):
        for _name, kind in inspect.getmembers(import_module(found.name), inspect.isclass):
            if issubclass(kind, DOMNode) and kind.__module__ == found.name:
                yield kind


def _named(kind: type[DOMNode]) -> list[Path]:
    given = vars(kind).get("CSS_PATH")
    several = given if isinstance(given, list) else [given]
    return [(Path(inspect.getfile(kind)).parent / entry).resolve() for entry in several if entry]


def _parse(text: str, theme: str) -> None:
    sheet = Stylesheet(variables=BUILTIN_THEMES[theme].to_color_system().generate())
    sheet.add_source(text)
    sheet.parse()


@pytest.mark.parametrize("path", SHEETS, ids=lambda p: p.name)
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
def test_a_sheet_can_be_read(path: Path, theme: str) -> None:
    _parse(path.read_text(), theme)


@pytest.mark.parametrize("kind", list(_classes()), ids=lambda kind: kind.__name__)
def test_the_styles_of_a_class_can_be_read(kind: type[DOMNode]) -> None:
    _parse(vars(kind).get("DEFAULT_CSS", ""), "textual-dark")


def test_every_sheet_is_used_and_every_used_one_exists() -> None:
    named = {path for kind in _classes() for path in _named(kind)}
    assert named == set(SHEETS)


def test_colours_come_from_the_theme() -> None:
    texts = {path.name: path.read_text() for path in SHEETS}
    texts |= {kind.__name__: vars(kind).get("DEFAULT_CSS", "") for kind in _classes()}
    assert [name for name, text in texts.items() if _HEXADECIMAL.search(text)] == []


def test_sheets_name_only_classes_that_exist() -> None:
    """A rule for a widget that was renamed styles nothing, and nobody sees it missing."""
    known = {kind.__name__ for kind in _classes()} | {base.__name__ for kind in _classes() for base in kind.__mro__}
    known |= {name for name in _textual_widgets() if name}
    found = {f"{path.name}: {word}" for path in SHEETS for word in _selected(path.read_text()) if word not in known}
    assert found == set()


def _selected(text: str) -> list[str]:
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", text, flags=re.DOTALL)
    return re.findall(r"(?<![\w.$#-])([A-Z]\w+)", selectors)


def _textual_widgets() -> set[str]:
    import textual.containers
    import textual.widgets

    return {*vars(textual.widgets)["__all__"], *dir(textual.containers), "Toast"}


async def test_every_theme_can_be_shown(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        for theme in sorted(app.available_themes):
            app.theme = theme
            await pilot.pause()
            assert app.screen.styles.background == app.screen.background_colors[1], theme
