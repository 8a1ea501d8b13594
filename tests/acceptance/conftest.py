from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Home, serving


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A user without anything: no server runs, no context is known."""
    home = Home(tmp_path)
    yield home
    home.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A user whose local server runs, shared by the tests of a module."""
    home = Home(tmp_path_factory.mktemp("home"))
    with serving(home):
        yield home
        home.close()
