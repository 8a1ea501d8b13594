"""What a person does to the run on the screen: run it again, cancel it, answer what it asks. Background work only."""

from __future__ import annotations

from flowdesk.errors import InConflict, Missing, Rejected
from flowdesk.tui import toast
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.rerun import RerunModal
from flowdesk.tui.screens import deciding
from flowdesk.tui.screens.run.reading import ReadingScreen


async def rerun(screen: ReadingScreen, step: str | None) -> None:
    """Say what would run; when that is wanted, the new run is opened."""
    if screen.model is None:
        return
    run = screen.model.run
    try:
        latest = await screen.live.client.workflows.get(run["workflowId"])
    except Missing:
        latest = None
    await screen.app.push_screen_wait(RerunModal(run, latest, step=step))


async def cancel(screen: ReadingScreen) -> None:
    """Ask, then cancel. A run that ended meanwhile says so itself."""
    if screen.model is None:
        return
    run = screen.model.run
    asked = f"Cancel this run of {run['workflowName'] or run['workflowId']}?"
    where = f" It runs on {screen.flow.server_name}, which is marked production." if screen.flow.production else ""
    detail = f"What is under way is stopped, and nothing more is started.{where}"
    if await screen.app.push_screen_wait(ConfirmModal(asked, yes="Cancel the run", no="Let it run", detail=detail)):
        await screen.live.client.runs.cancel(run["id"])
        toast.say(screen, "cancelled")
        screen.refetch()


async def move(screen: ReadingScreen) -> None:
    """Ask, then let the run go on with the newest version; what does not fit is named difference by difference."""
    if screen.model is None:
        return
    run = screen.model.run
    newest = (await screen.live.client.workflows.get(run["workflowId"]))["version"]
    if newest == run["workflowVersion"]:
        toast.say(screen, f"the run has v{newest}, the newest version, already")
        return
    asked = f"Move this run from v{run['workflowVersion']} to v{newest}?"
    detail = "Steps that have finished keep what they gave; it goes on as the newest version says."
    if not await screen.confirmed(asked, yes="Move", detail=detail):
        return
    try:
        moved = await screen.live.client.runs.move(run["id"])
    except Rejected as error:
        told = [f"{problem.step_id or 'workflow'}: {problem.message}" for problem in error.problems]
        text = "\n".join([*(told or [error.message]), "", error.hint or "The run stays as it was."])
        await screen.app.push_screen_wait(MessageModal(f"The run does not fit v{newest}", text))
        return
    except InConflict as error:
        toast.warn(screen, toast.reason(error))
    else:
        then = "; R, or r among the jobs, retries it" if moved["status"] == "FAILED" else ""
        toast.say(screen, f"the run goes on as v{moved['workflowVersion']} says{then}")
    screen.refetch()


async def decide(screen: ReadingScreen) -> None:
    """Answer what the run asks."""
    if await deciding.decide(screen, screen.run_id, lambda: screen.model.run["questions"] if screen.model else ()):
        screen.refetch()
