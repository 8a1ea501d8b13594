"""Rerunning and cancelling runs from a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowdesk.replies import RunSummary
from flowdesk.tui.screens.columns import latest_or_none

if TYPE_CHECKING:
    from flowdesk.tui.screens.area import AreaScreen


async def ask_rerun(screen: AreaScreen, run_id: str) -> None:
    """Show what rerunning would do; the dialog does it and opens the new run."""
    from flowdesk.tui.modals.rerun import RerunModal

    run = await screen.live.client.runs.get(run_id)
    latest = await latest_or_none(screen.live.client, run["workflowId"])
    screen.app.push_screen(RerunModal(run, latest))


async def ask_cancel(screen: AreaScreen, run_ids: Sequence[str], named: str) -> None:
    """Cancel these runs after a question; more than one only by typing how many."""
    count = len(run_ids)
    question = f"Cancel {named}?" if count == 1 else f"Cancel {count} runs?"
    detail = "Steps under way are stopped; what they did already stays done."
    typed = str(count) if count > 1 else None
    yes, no = ("Cancel the run", "Let it run") if count == 1 else ("Cancel the runs", "Let them run")
    if not run_ids or not await screen.confirmed(question, yes=yes, no=no, detail=detail, type_this=typed):
        return

    async def cancel(run_id: str) -> RunSummary:
        return await screen.live.client.runs.cancel(run_id)

    await screen.each(run_ids, "asked to end", cancel)
