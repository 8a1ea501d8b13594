"""Handing a text to the user's editor: real programs, and every way it can go wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App

from flowdesk.tui.editor_handoff import EditorFailed, edit_outside, editor_command


class Terminal(App[None]):
    """An app whose terminal can be lent, as that of a test cannot."""

    lent = 0
    given_back = 0

    @contextlib.contextmanager
    def suspend(self) -> Iterator[None]:
        self.lent += 1
        yield
        self.given_back += 1  # not when something is raised, as in the real one


def _editor(directory: Path, name: str, script: str) -> dict[str, str]:
    path = directory / name
    path.write_text(f'#!/bin/sh\nfor file; do :; done\necho "$file" > "{directory}/seen"\n{script}\n')
    path.chmod(0o700)
    return {**os.environ, "VISUAL": str(path)}


async def test_a_terminal_editor_gets_the_terminal(tmp_path: Path) -> None:
    app = Terminal()
    environ = _editor(tmp_path, "ed", 'echo more >> "$file"')
    assert await edit_outside(app, "name: ä\r\n", ".yaml", environ) == "name: ä\r\nmore\n"
    assert app.lent == 1
    seen = Path((tmp_path / "seen").read_text().strip())
    assert seen.suffix == ".yaml"
    assert not seen.parent.exists()


async def test_an_editor_with_a_window_does_not_get_the_terminal(tmp_path: Path) -> None:
    app = Terminal()
    environ = _editor(tmp_path, "code", 'echo "$1" >> "$file"')
    assert await edit_outside(app, "a\n", ".json", environ) == "a\n--wait\n"
    assert app.lent == 0


async def test_an_unchanged_text_is_none(tmp_path: Path) -> None:
    assert await edit_outside(Terminal(), "same", ".yaml", _editor(tmp_path, "ed", "true")) is None


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 3", "ended with 3"), ('rm "$file"', "not readable"), ('printf "\\377" > "$file"', "not readable")],
)
async def test_a_failing_editor_is_told(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(EditorFailed, match=said):
        await edit_outside(Terminal(), "a", ".yaml", _editor(tmp_path, "ed", script))
    assert not Path((tmp_path / "seen").read_text().strip()).parent.exists()


async def test_a_program_that_cannot_start_gives_the_terminal_back(tmp_path: Path) -> None:
    app = Terminal()
    environ = _editor(tmp_path, "ed", "")
    (tmp_path / "ed").write_bytes(b"\x00")
    with pytest.raises(EditorFailed, match="cannot be started"):
        await edit_outside(app, "a", ".yaml", environ)
    assert (app.lent, app.given_back) == (1, 1)


async def test_ctrl_c_is_for_the_editor(tmp_path: Path) -> None:
    environ = _editor(tmp_path, "ed", 'kill -INT "$PPID"; echo b >> "$file"')
    assert await edit_outside(Terminal(), "a\n", ".yaml", environ) == "a\nb\n"


async def test_a_terminal_that_cannot_be_lent_is_told(tmp_path: Path) -> None:
    app: App[None] = App()
    async with app.run_test():
        with pytest.raises(EditorFailed, match="cannot be lent"):
            await edit_outside(app, "a", ".yaml", _editor(tmp_path, "ed", "true"))


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PATH": "/nowhere"}, "no editor"),
        ({"PATH": "/nowhere", "EDITOR": "\x1b[2Jed"}, "the editor ␛"),
        ({"EDITOR": "ed 'x"}, "not a command"),
    ],
)
def test_a_missing_editor_is_told(environ: dict[str, str], said: str) -> None:
    with pytest.raises(EditorFailed, match=said):
        editor_command(environ)


def test_visual_comes_before_editor() -> None:
    assert Path(editor_command({"VISUAL": "sh -x", "EDITOR": "cat", "PATH": os.defpath})[0]).name == "sh"
