"""Copying: asked of the terminal always, and of the desktop's tool where there is one of this machine."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from flowdesk.tui.clipboard import copy, native_tool
from tests.tui.waiting import idle, said, until
from tests.tui.world import World

TEXT = "größer \x1b[2J\nzwei"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose tools write what they are given, and how they were called, into files."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("wl-copy", "xclip", "pbcopy"):
        tool = folder / name
        tool.write_text(
            f'#!/bin/sh\n/bin/cat > "{folder}/{name}.part"\n/bin/mv "{folder}/{name}.part" "{folder}/got"\n'
        )
        tool.chmod(0o755)
    for name in ("SSH_CONNECTION", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("environ", "platform", "found"),
    [
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", ["wl-copy"]),
        ({"DISPLAY": ":0"}, "linux", ["xclip", "-selection", "clipboard"]),
        ({}, "linux", None),
        ({}, "darwin", ["pbcopy"]),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1.2.3.4 1 5.6.7.8 22"}, "linux", None),
        ({"SSH_CONNECTION": "1.2.3.4 1 5.6.7.8 22"}, "darwin", None),
    ],
)
def test_the_tool_of_this_desktop_and_none_over_ssh(
    tools: Path, environ: dict[str, str], platform: str, found: list[str] | None
) -> None:
    wanted = None if found is None else [str(tools / found[0]), *found[1:]]
    assert native_tool(environ, platform) == wanted


def test_without_a_tool_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert native_tool({"DISPLAY": ":0"}, "linux") is None


async def test_the_terminal_is_asked_and_the_tool_gets_the_whole_text(
    world: World, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("flowdesk.tui.clipboard.sys.platform", "linux")
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        assert app._driver is not None
        written: list[str] = []
        monkeypatch.setattr(app._driver, "write", written.append)
        copy(app, TEXT, "2 lines")
        await until((tools / "got").is_file, "the tool")
        await idle(app)
        assert (tools / "got").read_text() == TEXT
        assert app.clipboard == TEXT
        assert any(f"\x1b]52;c;{base64.b64encode(TEXT.encode()).decode()}\a" in text for text in written)
        assert said(app) == ["copied 2 lines"]
