"""Background work of a screen or widget: owned by it, cancelled with it; an error is shown and ends nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from engine.errors import FlowDeskError
from flowdesk.tui import toast

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

ENDLESS: Final = "bg:"
"""How the group of work without an end begins; tests wait for all other work."""
_LOG: Final = logging.getLogger("flowdesk.tui")


def task(
    node: DOMNode, work: Coroutine[Any, Any, None], *, what: str, group: str = "default", exclusive: bool = False
) -> Worker[None]:
    """Do the work in the background of `node`; `what` ("Saving the workflow") begins the message when it fails.

    With `exclusive`, earlier work of the same group is cancelled first.
    """
    return node.run_worker(
        _guarded(node, work, what), name=what, group=group, exclusive=exclusive, exit_on_error=False, description=what
    )


async def _guarded(node: DOMNode, work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except FlowDeskError as error:
        toast.fail(node, what, error)
    except Exception as error:
        _LOG.exception("%s failed", what)
        toast.fail(node, what, error)
