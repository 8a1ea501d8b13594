"""Opening the terminal UI: is there a terminal, which server is meant, and the log that stays off the screen."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from flowdesk.clean import clean_lines
from flowdesk.errors import NoTerminal
from flowdesk.private import make_private_dir
from flowdesk.tui.failing import LOG_NAME

if TYPE_CHECKING:
    from flowdesk.launch import Wish

_LOG_SIZE: Final = 1024 * 1024


def check_terminal(environ: Mapping[str, str]) -> None:
    """NoTerminal unless a person can see the screen and press keys; in a browser one can."""
    if _in_browser(environ):
        return
    hint = "flowdesk --help lists the commands; flowdesk up shows what happens, flowdesk serve needs no screen"
    if not sys.stdin.isatty() or not sys.__stderr__ or not sys.__stderr__.isatty() or not sys.stdout.isatty():
        raise NoTerminal("the terminal UI needs a terminal, and there is none here", hint=hint)
    if environ.get("TERM", "") in ("", "dumb"):
        kind = environ.get("TERM") or "unknown"
        raise NoTerminal(f"the terminal UI cannot draw on a terminal of type {kind!r}", hint=hint)


def open_ui(wish: Wish, *, read_only: bool = False) -> int:
    """Run the terminal UI until its user leaves; its exit code."""
    environ = os.environ
    check_terminal(environ)
    from flowdesk.tui.app import FlowDeskApp
    from flowdesk.tui.connecting import ServerConnector
    from flowdesk.tui.host import Options
    from flowdesk.tui.memory import state_dir

    place = state_dir(environ)
    log_to(place)
    options = Options(
        read_only=read_only,
        ascii=not knows_unicode(environ),
        state_dir=place,
        environ=dict(environ),
        # What is loaded by now stays, so the collector need not walk through it again whenever a long log arrives.
        settled=gc.freeze,
    )
    app = FlowDeskApp(ServerConnector(wish, environ), options)
    options.ascii = options.ascii or app.memory.get("ascii") is True
    mouse = environ.get("FLOWDESK_MOUSE", "on") != "off" and app.memory.get("mouse") is not False
    try:
        code = app.run(mouse=mouse) or app.return_code or 0
    finally:
        app.memory.save()  # whichever way it ended: a closed tab of a browser asks nobody
    if app.farewell and not _in_browser(environ):
        click.echo("\n".join(clean_lines(app.farewell)))
    return code


def _in_browser(environ: Mapping[str, str]) -> bool:
    """Whether `flowdesk web` draws us on a page: standard output is then its wire."""
    return environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def knows_unicode(environ: Mapping[str, str]) -> bool:
    """Whether the locale says UTF-8; TERM=linux has too few glyphs whatever it says."""
    if _in_browser(environ):
        return True
    wanted = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return environ.get("TERM") != "linux" and "utf" in wanted.lower().replace("-", "")


def log_to(place: Path) -> None:
    """Log into a file: standard error is where the screen is drawn."""
    root = logging.getLogger()
    root.handlers.clear()
    try:
        make_private_dir(place)
        handler: logging.Handler = RotatingFileHandler(place / LOG_NAME, maxBytes=_LOG_SIZE, backupCount=1)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
