"""The pictures of the pages are drawn by docs.pictures and load nothing."""

from __future__ import annotations

import re

import pytest

from docs.pictures import PICTURES, PLACE, draw

_LOADS = re.compile(r"@font-face|@import|url\((?!#)|\b(?:href|src)\s*=|<script", re.IGNORECASE)
_MACHINE = re.compile(r"/(?:home|root|tmp|usr|var)/")


def test_every_picture_has_its_recipe() -> None:
    assert {path.name for path in PLACE.iterdir()} == {f"{name}.svg" for name in PICTURES}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_loads_nothing_and_names_no_machine(name: str) -> None:
    kept = (PLACE / f"{name}.svg").read_text(encoding="utf-8")
    assert not _LOADS.search(kept)
    assert not _MACHINE.search(kept)


@pytest.mark.parametrize("name", PICTURES)
async def test_every_recipe_still_works(name: str) -> None:
    drawn = await draw(name)
    assert not _LOADS.search(drawn)
    assert drawn.startswith("<svg")
    assert "order" in drawn
