"""Reading text in the person's own pager, while the terminal UI steps aside."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from typing import Final

from textual.app import SuspendNotSupported

from flowdesk.tui import toast
from flowdesk.tui.host import FlowApp

_DEFAULT: Final = "less"
_LESS_OPTIONS: Final = "-R"
"""Without -F: a text shorter than the screen would be gone before it is seen."""


def page(app: FlowApp, text: str) -> None:
    """Show clean text in $PAGER. Blocks on purpose: while suspended nothing may be drawn, so nothing may be awaited."""
    try:
        command = pager_command(app.options.environ)
    except ValueError:
        toast.warn(app, "PAGER is not a command line; its quotes do not match")
        return
    if app.is_web:
        toast.warn(app, "a pager needs a terminal of its own; Y copies what is shown")
        return
    try:
        with app.suspend():
            subprocess.run(  # noqa: S603 - the person's own PAGER
                command,
                input=text.encode("utf-8", "replace"),
                env={**app.options.environ, "LESS": _LESS_OPTIONS},
                check=False,
            )
    except SuspendNotSupported:
        toast.warn(app, "this terminal cannot be handed to a pager; Y copies what is shown")
    except OSError as error:
        toast.warn(app, f"cannot start the pager {command[0]}: {error.strerror}; PAGER names another")


def pager_command(environ: Mapping[str, str]) -> list[str]:
    """The pager as an argument list; ValueError when PAGER cannot be read."""
    return shlex.split(environ.get("PAGER", "")) or [_DEFAULT]
