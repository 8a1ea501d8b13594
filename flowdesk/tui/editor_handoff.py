"""A text handed to the user's own editor, and back."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from textual.app import App, SuspendNotSupported

from engine.errors import FlowDeskError
from flowdesk.clean import clean

_WAITING: Final = {
    "code": "--wait",
    "codium": "--wait",
    "cursor": "--wait",
    "zed": "--wait",
    "subl": "--wait",
    "mate": "--wait",
    "gedit": "--standalone",
    "kate": "--block",
    "gvim": "--nofork",
}
"""Editors with a window of their own, and what makes them return only when the file is closed."""

_HINT: Final = "set $VISUAL or $EDITOR to an editor, or edit here"


class EditorFailed(FlowDeskError):
    """The text could not be edited in your editor; it is as it was."""

    code = "editor_failed"


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """What $VISUAL or $EDITOR says, else the first of the usual ones that is installed."""
    said = environ.get("VISUAL") or environ.get("EDITOR") or ""
    try:
        words = shlex.split(said)
    except ValueError:
        raise EditorFailed(f"$VISUAL or $EDITOR is not a command: {clean(said)}", hint=_HINT) from None
    search = environ.get("PATH")
    if not words:
        words = next(([name] for name in ("nano", "vim", "vi") if shutil.which(name, path=search)), [])
    if not words:
        raise EditorFailed("no editor is set or installed", hint=_HINT)
    found = shutil.which(words[0], path=search)
    if found is None:
        raise EditorFailed(f"the editor {clean(words[0])} is not installed", hint=_HINT)
    name = Path(words[0]).name
    waiting = [] if name not in _WAITING or {_WAITING[name], "-w"} & set(words) else [_WAITING[name]]
    return [found, *words[1:], *waiting]


async def edit_outside(app: App[Any], text: str, suffix: str, environ: Mapping[str, str]) -> str | None:
    """The text as the editor left it, None when it is unchanged; EditorFailed says why it could not be.

    A terminal editor gets the whole terminal, and everything here stands still until it ends.
    """
    if app.is_web:
        raise EditorFailed("in a browser there is no terminal for your editor", hint="edit here")
    command = editor_command(environ)
    with tempfile.TemporaryDirectory(prefix="flowdesk-") as directory:
        path = Path(directory) / f"text{suffix}"
        _write(path, text)
        if Path(command[0]).name in _WAITING:
            code = await _beside([*command, str(path)], environ)
        else:
            code = _instead(app, [*command, str(path)], environ)
        if code != 0:
            raise EditorFailed(
                f"the editor ended with {code}, so nothing is taken over", hint="try again, or edit here"
            )
        edited = _read(path)
    return None if edited == text else edited


async def _beside(command: list[str], environ: Mapping[str, str]) -> int:
    quiet = asyncio.subprocess.DEVNULL
    try:
        child = await asyncio.create_subprocess_exec(
            *command, env=dict(environ), stdin=quiet, stdout=quiet, stderr=quiet
        )
    except OSError as error:
        raise EditorFailed(f"the editor cannot be started: {error.strerror}", hint=_HINT) from None
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


def _instead(app: App[Any], command: list[str], environ: Mapping[str, str]) -> int:
    try:
        with app.suspend():
            code = _run(command, environ)
    except SuspendNotSupported:
        raise EditorFailed("this terminal cannot be lent to your editor", hint="edit here") from None
    if isinstance(code, OSError):
        raise EditorFailed(f"the editor cannot be started: {code.strerror}", hint=_HINT)
    return code


def _run(command: list[str], environ: Mapping[str, str]) -> int | OSError:
    """Blocks on purpose: awaiting while the screen is suspended never comes back. Nor may anything be raised there."""
    # ctrl+c is meant for the editor, but reaches this process too.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(command, env=dict(environ), check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        return error
    finally:
        signal.signal(signal.SIGINT, before)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    except (OSError, UnicodeError) as error:
        raise EditorFailed(f"the text cannot be handed over: {error}", hint="edit here") from None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeError):
        raise EditorFailed(
            "what the editor left is not readable as UTF-8 text", hint="try again, or edit here"
        ) from None
