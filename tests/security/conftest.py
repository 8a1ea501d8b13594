"""A running server, somebody who uses it, and a service that writes down what reaches it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.logs import JsonLines, LineHandler, TextLines
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


class Lines:
    """Where log lines go instead of to stderr."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def logged() -> Iterator[Lines]:
    """Everything that is logged in this process meanwhile, in both forms."""
    lines = Lines()
    root = logging.getLogger()
    handlers = [LineHandler(lines), LineHandler(lines)]  # type: ignore[arg-type]
    handlers[0].setFormatter(JsonLines())
    handlers[1].setFormatter(TextLines(colour=False))
    level = root.level
    root.setLevel(logging.DEBUG)  # not by assignment: loggers remember what was enabled
    for handler in handlers:
        root.addHandler(handler)
    yield lines
    for handler in handlers:
        root.removeHandler(handler)
    root.setLevel(level)
