"""Background work of a screen or widget: owned by it, cancelled with it; an error is shown and ends nothing."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from textual.css.query import NoMatches

from engine.errors import FlowDeskError
from flowdesk.tui import toast

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker

ENDLESS: Final = "bg:"
"""How the group of work without an end begins; tests wait for all other work."""
_LOG: Final = logging.getLogger("flowdesk.tui")


@runtime_checkable
class HearsRefusals(Protocol):
    """An application that lets people log in again."""

    def hear_refusal(self, error: FlowDeskError) -> None:
        """A call in the background failed; when the server does not know us any more, ask for a login."""


def task(
    node: DOMNode, work: Coroutine[Any, Any, None], *, what: str, group: str = "default", exclusive: bool = False
) -> Worker[None]:
    """Do the work in the background of `node`; `what` ("Saving the workflow") begins the message when it fails.

    With `exclusive`, earlier work of the same group is cancelled first.
    """
    guarded = partial(_guarded, node, work, what)
    worker: Worker[None] = node.run_worker(
        guarded, name=what, group=group, exclusive=exclusive, exit_on_error=False, description=what
    )
    # Called right after the worker's first step: what was cancelled before that will never be awaited.
    asyncio.get_running_loop().call_soon(_close_unbegun, worker, work)
    return worker


def _close_unbegun(worker: Worker[None], work: Coroutine[Any, Any, None]) -> None:
    if worker.is_cancelled and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
        work.close()


async def _guarded(node: DOMNode, work: Coroutine[Any, Any, None], what: str) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except FlowDeskError as error:
        toast.fail(node, what, error)
        if isinstance(node.app, HearsRefusals):
            node.app.hear_refusal(error)
    except NoMatches as error:
        # Whose node is taken away loses its parts before it is ended, and nobody sees it any more.
        if not node._pruning:  # Textual has no public word for it
            _failed(node, what, error)
    except Exception as error:
        _failed(node, what, error)


def _failed(node: DOMNode, what: str, error: Exception) -> None:
    _LOG.error("%s failed", what, exc_info=error)
    toast.fail(node, what, error)
