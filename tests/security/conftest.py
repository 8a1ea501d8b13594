"""A running server, somebody who uses it, and a service that writes down what reaches it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security.echo import Echo, echoing
from tests.server.live import Live, Person, live


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Live]:
    """A whole FlowDesk, without its scheduler."""
    async with live(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def ali(server: Live) -> Person:
    """Somebody with an account."""
    return await server.person("ali")


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    """A service that says back everything it hears, in every way it can."""
    async with echoing() as running:
        yield running
