"""Cells and questions that several areas have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from rich.text import Text

from flowdesk.clean import clean
from flowdesk.client import Client
from flowdesk.replies import ErrorDoc, RunSummary
from flowdesk.show.text import shorten
from flowdesk.tui.draw.status import look
from flowdesk.tui.widgets import cells

ENDED: Final = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
_NAME: Final = 28
_MOST_NAMES: Final = 30
"""Workflows that are looked up by id in one go; the rest are shown by their ids."""


def name_cell(value: object, most: int = _NAME, style: str = "") -> Text:
    """A name from outside, cut where it would push more important columns off the screen."""
    return cells.plain(shorten(clean(value), most), style)


def error_cell(error: ErrorDoc | None, most: int = 120) -> Text:
    """Why it failed, in one line."""
    return name_cell(error["message"].split("\n", 1)[0], most) if error else cells.dim("")


def has_ended(run: RunSummary) -> bool:
    """Whether nothing more happens in this run by itself."""
    return run["status"] in ENDED


def waits(run: RunSummary) -> str:
    """What the run waits for, in words."""
    return f"waiting for {run['waitingFor']}" if run["waitingFor"] else look(run["status"], "run").word


class Names:
    """The names of workflows by id, for documents that tell only ids."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, workflow_id: str) -> str:
        """The name, or the id while it is not known."""
        return self._known.get(workflow_id, workflow_id)

    async def learn(self, client: Client, ids: Iterable[str]) -> None:
        """Look up those that are not known; one that is gone goes by its id."""
        from flowdesk.errors import Missing

        for workflow_id in sorted(set(ids) - self._known.keys())[:_MOST_NAMES]:
            try:
                self._known[workflow_id] = (await client.workflows.get(workflow_id))["name"]
            except Missing:
                self._known[workflow_id] = workflow_id


async def latest_or_none(client: Client, workflow_id: str) -> Any:
    """The workflow as it is now; None when it was deleted."""
    from flowdesk.errors import Missing

    try:
        return await client.workflows.get(workflow_id)
    except Missing:
        return None
