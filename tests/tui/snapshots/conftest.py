"""Comparing what the terminal shows, with its colours, to a picture that a person has looked at."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]  # it publishes no types
from syrupy.assertion import SnapshotAssertion
from textual.app import App
from textual.widgets import TextArea

from tests.tui.waiting import settled

SIZES: Final = ((80, 24), (120, 36), (200, 50))
_FONTS: Final = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_COMMENT: Final = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_ELEMENT: Final = re.compile(r"(?<=>)(?=<(?:text|rect)\b)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whoever asks for `size` is photographed in all three."""
    if "size" in metafunc.fixturenames:
        metafunc.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither the terminal of whoever runs the tests, nor where they live, is in a picture."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the pictures are those of Python 3.11; others may wrap a text differently")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def picture(app: App[Any]) -> str:
    """The screen as SVG: an element a line, so that a difference can be read, and no font from elsewhere."""
    drawn = _COMMENT.sub("", _FONTS.sub("", app.export_screenshot(simplify=True)))
    return _ELEMENT.sub("\n", drawn)


async def at_rest(app: App[Any], times: int = 10, within_s: float = 20) -> None:
    """Until so many drawings in a row are the same: a part may still be on its way when all work has ended."""
    before, same_for = "", 0
    async with asyncio.timeout(within_s):
        while same_for < times:
            await settled(app)
            await asyncio.sleep(0.01)
            drawn = picture(app)
            same_for = same_for + 1 if drawn == before else 0
            before = drawn


@pytest.fixture
def same(snapshot: SnapshotAssertion) -> Callable[[App[Any]], Awaitable[None]]:
    """Compare the screen with its picture, once everything has come to rest."""

    async def check(app: App[Any]) -> None:
        for text in app.screen.query(TextArea):
            text.cursor_blink = False
        await settled(app)
        await at_rest(app)
        # Not `snap_compare` of the same plugin: its report of a failure shows every variable of the environment.
        assert picture(app) == snapshot(extension_class=SVGImageExtension)

    return check
