"""From the command line to a running server: settings, logging, checks, event loop; every failure is one clear line."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.errors import FlowDeskError
from engine.jsonio import dump_text
from server import sockets
from server.environment import load_settings
from server.exits import Exit, exit_code
from server.logs import start_logging, visible
from server.preflight import check_house, prepare_data_dir, refuse_unsafe

log = logging.getLogger("flowdesk.server")


def launch(given: Mapping[str, Any], *, embedded: bool) -> int:
    """Serve with these options until the end; the exit code."""
    try:
        return _launch(given, embedded=embedded)
    except FlowDeskError as error:
        complain(error, as_json=embedded)
        return exit_code(error)
    except KeyboardInterrupt:
        return 130


def no_core_dumps() -> None:
    """A crash must not write the memory of this process, and the secrets in it, to a file."""
    try:
        import resource
    except ImportError:  # Windows writes none
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _launch(given: Mapping[str, Any], *, embedded: bool) -> int:
    settings = load_settings(os.environ, Path(".env"), given)
    check_house()
    no_core_dumps()
    os.umask(0o077)
    listening = sockets.bind(settings.host, settings.port)
    try:
        refuse_unsafe(settings, sockets.beyond_loopback(listening))
        prepare_data_dir(settings.data_dir)
        writer = start_logging(settings.log_level, settings.log_format)
        try:
            from server.serving import Start, serve  # the heavy part, after everything that fails early

            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(serve(Start(settings, listening, writer, embedded)))
        except (FlowDeskError, KeyboardInterrupt):
            raise
        except Exception as error:
            log.critical("the server failed", exc_info=error)
            return Exit.INTERNAL
        finally:
            writer.close()
    finally:
        sockets.close(listening)


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def complain(error: FlowDeskError, *, as_json: bool = False) -> None:
    """Say on stderr why it does not work, in one line for whoever reads it."""
    if as_json:
        click.echo(dump_text({"level": "error", "message": str(error), "code": error.code}), err=True)
    else:
        click.echo("error: " + "\n".join(visible(line) for line in str(error).split("\n")), err=True)
