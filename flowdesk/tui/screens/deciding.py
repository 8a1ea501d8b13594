"""Answering what a run asks, from wherever one sees that it asks. Background work only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from flowdesk.tui import toast

if TYPE_CHECKING:
    from flowdesk.replies import QuestionDoc, RunSummary
    from flowdesk.tui.screens.base import FlowScreen

ASKING: Final = frozenset({"approval", "decision", "signal"})
"""What a run can wait for that a person can give."""


def why_not(run: RunSummary | None) -> str | None:
    """Why there is nothing to answer; None when there is."""
    if run is None:
        return "there is no run under the cursor"
    return None if run["waitingFor"] in ASKING else "it asks nothing"


async def ask_decide(screen: FlowScreen, run_id: str) -> None:
    """Read what the run asks now, and answer it."""
    questions = (await screen.live.client.runs.get(run_id))["questions"]
    if questions:
        await decide(screen, run_id, lambda: questions)
    else:
        toast.say(screen, "it asks nothing any more")


async def decide(screen: FlowScreen, run_id: str, questions: Callable[[], Sequence[QuestionDoc]]) -> bool:
    """Show the questions and send the answer; one that does not fit the form can be mended. Whether one was sent."""
    from flowdesk.errors import InConflict, Rejected
    from flowdesk.tui.modals.decide import DecideModal, Filled

    filled = Filled()
    while asked := questions():
        answer = await screen.app.push_screen_wait(DecideModal(asked, filled, plain=screen.flow.ascii))
        if answer is None:
            return False
        if not await screen.may_write(f"{answer.step_id}: {answer.outcome}"):
            continue  # back to the dialog, with all that was typed
        try:
            await screen.live.client.runs.decide(
                run_id, answer.step_id, answer.outcome, data=answer.data, reason=answer.reason
            )
        except Rejected as error:
            filled.trouble = "; ".join(str(problem) for problem in error.problems) or str(error)
            continue
        except InConflict as error:
            toast.say(screen, str(error))
        else:
            toast.say(screen, f"{answer.step_id}: {answer.outcome}")
        return True
    return False
