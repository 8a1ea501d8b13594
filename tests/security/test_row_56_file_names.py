"""Row 56: what workflows and their files are called leads nobody out of a directory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowdesk.cli.root import root
from tests.server.live import Live, greet, live, webhook

NAMES = ("../../etc/passwd", "/etc/passwd", "..", ".", "a/../../b", "..\\..\\b", "con.yaml", ".hidden", "x\x00y", "-rf")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Where files may be written, and all there is around it."""
    inside = tmp_path / "a" / "b" / "exported"
    inside.mkdir(parents=True)
    return inside, tmp_path


async def test_an_export_stays_where_it_was_asked_for(places: tuple[Path, Path]) -> None:
    """Row 56: each workflow has a file of its own there, and there is no other file."""
    inside, around = places
    async with live(around / "data") as server:
        ali = await server.person("ali")
        saved = [await ali.call("POST", "/api/workflows", _named(name)) for name in NAMES]
        kept = [answer for answer in saved if answer.status == 201]
        assert len(kept) >= len(NAMES) - 1
        assert all(answer.status in (201, 422) for answer in saved)
        token = ali.token
        told = await asyncio.to_thread(_export, server, token, inside, around)
    assert told == 0
    written = [path for path in around.rglob("*") if path.is_file() and "data" not in path.parts]
    written = [path for path in written if "config" not in path.parts]
    assert {path.parent for path in written} == {inside}
    assert len(written) == len(kept)
    assert not [path.name for path in written if path.name.startswith((".", "-"))]


def _named(name: str) -> dict[str, object]:
    return {"name": name, "steps": [webhook("greet"), greet()]}


def _export(server: Live, token: str, inside: Path, around: Path) -> int:
    env = {"FLOWDESK_URL": server.url, "FLOWDESK_TOKEN": token, "FLOWDESK_CONFIG_DIR": str(around / "config")}
    result = CliRunner().invoke(root, ["export", "--all", "-o", str(inside)], env=env)
    assert result.exit_code == 0, result.output
    return result.exit_code
