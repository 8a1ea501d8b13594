"""The person's pager gets the text; what cannot be started is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.pager import page, pager_command
from tests.tui.waiting import said, until
from tests.tui.world import World


@pytest.mark.parametrize(
    ("given", "command"), [(None, ["less"]), ("", ["less"]), ("most -w", ["most", "-w"]), ("'a b' -c", ["a b", "-c"])]
)
def test_the_command_is_the_persons_own(given: str | None, command: list[str]) -> None:
    assert pager_command({} if given is None else {"PAGER": given}) == command


@contextmanager
def stepping_aside(app: FlowDeskApp, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test has no terminal to hand over; with this it looks as if it had."""

    @contextmanager
    def suspend() -> Iterator[None]:
        yield

    monkeypatch.setattr(app, "suspend", suspend)
    yield


async def test_the_pager_reads_the_text(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "pager"
    script.write_text(f"#!/bin/sh\ncat > {tmp_path}/seen\necho $LESS > {tmp_path}/less\n")
    script.chmod(0o700)
    environ = {"PATH": os.environ["PATH"], "PAGER": str(script), "FLOWDESK_CONFIG_DIR": str(tmp_path)}
    async with world.shown("workflows", environ=environ) as (app, _pilot):
        with stepping_aside(app, monkeypatch):
            page(app, "line ä\nline ⟨U+202E⟩\n")
    assert (tmp_path / "seen").read_text() == "line ä\nline ⟨U+202E⟩\n"
    assert (tmp_path / "less").read_text() == "-R\n"


@pytest.mark.parametrize(
    ("pager", "words"), [("/nonexistent/pager", "cannot start the pager"), ("'unclosed", "quotes do not match")]
)
async def test_a_pager_that_cannot_be_started_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, pager: str, words: str
) -> None:
    environ = {"PAGER": pager, "FLOWDESK_CONFIG_DIR": "/nonexistent"}
    async with world.shown("workflows", environ=environ, toasts=True) as (app, _pilot):
        with stepping_aside(app, monkeypatch):
            page(app, "text")
        await until(lambda: any(words in text for text in said(app)), words)
