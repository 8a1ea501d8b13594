"""Cells and questions that several areas have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from flowdesk.clean import clean
from flowdesk.client import Client
from flowdesk.replies import ErrorDoc, RunSummary
from flowdesk.show.text import shorten
from flowdesk.tui.draw.status import look
from flowdesk.tui.widgets import cells

if TYPE_CHECKING:
    from flowdesk.tui.host import FlowApp

ENDED: Final = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
_NAME: Final = 60
_LEFT: Final = frozenset({"approval", "decision", "signal"})
"""What has a time-out: its due time is how long there is left, and not when something happens."""
_WAITS: Final = {
    "retry": "tries again",
    "timer": "goes on",
    "approval": "asks for approval",
    "decision": "asks for a decision",
    "signal": "waits for a signal",
    "children": "waits for runs it called",
    "limit": "waits for its turn",
}
_MOST_NAMES: Final = 30
"""Workflows that are looked up by id in one go; the rest are shown by their ids."""


def name_cell(value: object, most: int = _NAME, style: str = "") -> Text:
    """A name from outside; one of any length is cut, and its column gives way to others long before that."""
    return cells.plain(shorten(clean(value), most), style)


def workflow_cell(run: RunSummary) -> Text:
    """The name of its workflow; the id of one that is gone."""
    return name_cell(run["workflowName"] or run["workflowId"])


def error_cell(error: ErrorDoc | None, most: int = 120) -> Text:
    """Why it failed, in one line."""
    return name_cell(error["message"].split("\n", 1)[0], most) if error else cells.dim("")


def has_ended(run: RunSummary) -> bool:
    """Whether nothing more happens in this run by itself."""
    return run["status"] in ENDED


def waits_how(kind: str) -> str:
    """What a run waits for, in words: `tries again`, `asks for approval`."""
    return _WAITS.get(kind, f"waits for {kind}")


def waits(app: FlowApp, run: RunSummary) -> str:
    """What the run waits for and how long, in words: `tries again in 41s`, `asks for approval, 1d left`."""
    kind = run["waitingFor"]
    if kind is None:
        return look(run["status"], "run").word
    words = waits_how(kind)
    if run["dueAt"] is None:
        return words
    due = cells.until(app, run["dueAt"]).plain
    if kind in _LEFT:
        return f"{words}, {'time is up' if due == 'now' else due.removeprefix('in ') + ' left'}"
    return f"{words} {due}"


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
