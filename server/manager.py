"""The process that started this one: taskiq's manager, which starts every worker process again that ends.

It must end when its workers cannot work at all, or it would try for ever; and worker processes must end when it was
killed, or nobody could stop them any more.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import time
from typing import Final, NoReturn

from engine.errors import FlowDeskError
from server.exits import exit_code
from server.launch import complain

REFUSED: Final = signal.SIGUSR1
"""Ends the manager of workers that cannot work; a service manager can tell it from a crash."""
LOOK_S: Final = 1.0
SPOKEN_S: Final = 2.0
_MANAGER: Final = "taskiq.cli.worker.process_manager"

log = logging.getLogger("flowdesk.worker")


def refuse(error: FlowDeskError) -> NoReturn:
    """Say why in one line, for all worker processes together, and end the manager with this process."""
    dismiss(error)
    raise SystemExit(exit_code(error))


def dismiss(error: FlowDeskError) -> None:
    """The same, but leave it to the caller to end this process."""
    manager = manager_pid()
    process = multiprocessing.current_process().name
    if manager is not None and process != "worker-0" and _ended(manager, within_s=SPOKEN_S):
        return
    complain(error)
    if manager is not None:
        # Asked to stop it would report success; a signal it does not know ends it with that signal's own exit code. The
        # first process of a container does not hear those, so there it is asked after all.
        _kill(manager, REFUSED)
        if not _ended(manager, within_s=0.5):
            _kill(manager, signal.SIGTERM)


def leave() -> None:
    """Ask this process to end in good order, as a service manager would."""
    os.kill(os.getpid(), signal.SIGTERM)


def manager_pid() -> int | None:
    """The manager's process id; None when this process was not started by one."""
    parent = multiprocessing.parent_process()
    if parent is None or _MANAGER not in sys.modules or not _is_worker(multiprocessing.current_process().name):
        return None
    return parent.pid


async def mind_manager() -> None:
    """Ask this process to leave when the manager is gone."""
    manager = manager_pid()
    if manager is None:
        return
    while True:
        await asyncio.sleep(LOOK_S)
        if _gone(manager):
            break
    log.warning("the manager %d is gone; this worker leaves too", manager)
    leave()


def _is_worker(name: str) -> bool:
    return name.startswith("worker-") and name.removeprefix("worker-").isdigit()


def _gone(pid: int) -> bool:
    """Whether the manager has ended; where it is our parent that shows even before it was buried."""
    if os.getppid() == pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return multiprocessing.get_start_method() != "forkserver"


def _ended(pid: int, *, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not _gone(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _kill(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
