"""Copying: the terminal's own way (OSC 52), which works over SSH, and the desktop's tool as well when there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

from flowdesk.tui import toast
from flowdesk.tui.tasks import task

if TYPE_CHECKING:
    from textual.app import App

_TOOL_S: Final = 2.0
_TOOLS: Final = {
    "WAYLAND_DISPLAY": ("wl-copy", []),
    "DISPLAY": ("xclip", ["-selection", "clipboard"]),
}


def copy(app: App[Any], text: str, what: str) -> None:
    """Put `text` on the clipboard and say so; `what` names it: "the line", "12 lines"."""
    app.copy_to_clipboard(text)
    command = native_tool(os.environ, sys.platform)
    if command is not None:
        task(app, _hand_to(command, text), what="Copying", group="clipboard")
    toast.say(app, f"copied {what}")


def copy_selection(app: App[Any]) -> bool:
    """Copy what is selected with the mouse; False when nothing is."""
    text = app.screen.get_selected_text()
    if text:
        copy(app, text, "the selection")
    return bool(text)


def native_tool(environ: os._Environ[str] | dict[str, str], platform: str) -> list[str] | None:
    """The command that takes the text on its standard input; None over SSH, where it would be the wrong machine's."""
    if environ.get("SSH_CONNECTION"):
        return None
    if platform == "darwin":
        found = shutil.which("pbcopy")
        return [found] if found else None
    for variable, (name, arguments) in _TOOLS.items():
        found = shutil.which(name) if environ.get(variable) else None
        if found:
            return [found, *arguments]
    return None


async def _hand_to(command: list[str], text: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), _TOOL_S)
    except TimeoutError:
        process.kill()
        await process.wait()
