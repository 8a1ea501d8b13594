"""For `taskiq worker server.worker:broker`: executes what servers leave to workers.

Nothing is read or connected until taskiq calls the factory, which it does once in each worker process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.queues.stream import DoorbellStream


def broker() -> DoorbellStream:
    """The broker of this worker process, with everything that executes runs behind it."""
    from engine.errors import FlowDeskError
    from server.crew import Crew
    from server.launch import no_core_dumps
    from server.manager import refuse
    from server.worker_settings import worker_settings

    try:
        settings = worker_settings(os.environ, Path(".env"))
    except FlowDeskError as error:
        refuse(error)
    no_core_dumps()
    os.umask(0o077)
    return Crew(settings).broker
