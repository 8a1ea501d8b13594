"""Starting a workflow by hand: its input is proposed, asked for, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from engine.errors import Problem
from engine.jsonio import dump_text
from flowdesk.replies import WorkflowDoc

if TYPE_CHECKING:
    from flowdesk.tui.screens.area import AreaScreen

_MOST: Final = 100_000
"""Characters of input that are proposed or remembered."""


async def ask_and_run(screen: AreaScreen, workflow: WorkflowDoc, *, until: str | None = None) -> None:
    """Ask for the input, start the run and open it; only inside background work.

    An input the server refuses is asked for again, as it was typed, with what is wrong at each field. With `until` it
    is a rehearsal up to that step, with the outputs that are pinned. A run with a kept sample is a rehearsal, too: the
    sample has more to it than data, such as a webhook's headers.
    """
    from flowdesk.errors import Rejected
    from flowdesk.tui.modals.run_input import RunInputModal, input_of

    text, note = await proposal(screen, workflow)
    client = screen.live.client
    title = workflow["name"] if until is None else f"{workflow['name']} up to {until}"
    refused: list[Problem] = []
    sample: str | None = None
    while True:
        modal = RunInputModal(
            title,
            text,
            note,
            inputs=workflow.get("inputs"),
            refused=refused,
            plain=screen.flow.ascii,
            practice=client.practice,
            workflow_id=workflow["id"],
            sample=sample,
        )
        typed = await screen.app.push_screen_wait(modal)
        if typed is None:
            return
        if len(typed) <= _MOST:
            screen.flow.memory.note(_name(workflow), typed)
        if not await screen.may_write(f"Run {workflow['name']}"):
            return
        try:
            rehearsal = _rehearsal(until, modal.sample)
            run = await client.workflows.execute(workflow["id"], input_of(typed), rehearsal=rehearsal)
        except Rejected as error:
            if error.code != "invalid_inputs":
                raise
            text, sample = typed, modal.sample
            note = f"Input; the sample {sample}" if sample else "Input, as JSON"
            note += "; the server did not take it"
            refused = error.problems or [Problem(error.code, str(error))]
        else:
            screen.flow.open_run(run["id"])
            return


def _rehearsal(until: str | None, sample: str | None) -> dict[str, Any] | None:
    """What makes the run a rehearsal; None: it is one in earnest."""
    wanted: dict[str, Any] = {} if sample is None else {"sample": sample}
    if until is not None:
        wanted |= {"until": until, "keptPins": True}
    return wanted or None


async def proposal(screen: AreaScreen, workflow: WorkflowDoc) -> tuple[str, str]:
    """The input to begin with, and where it is from: typed last time, the newest run's, the sample, or none."""
    remembered = next(iter(screen.flow.memory.recall(_name(workflow))), None)
    if remembered is not None:
        return remembered, "Input, as JSON; what you gave it last time"
    page = await screen.live.client.runs.list(workflow_id=workflow["id"], limit=1)
    if page.items:
        run = await screen.live.client.runs.get(page.items[0]["id"])
        text = _as_text(run["trigger"].get("data"))
        if text is not None:
            return text, "Input, as JSON; that of the newest run"
    text = next((text for step in workflow["steps"] if (text := _as_text(_sample(step))) is not None), None)
    if text is not None:
        return text, "Input, as JSON; the sample of its trigger"
    return "{}", "Input, as JSON"


def _sample(step: dict[str, Any]) -> Any:
    params = step.get("params")
    return params.get("sample") if step.get("ref") == "manual" and isinstance(params, dict) else None


def _as_text(data: Any) -> str | None:
    """The data as text to edit; None when there is none, or it is kept apart or too large."""
    from flowdesk.tui.widgets.step_data import is_apart

    if not isinstance(data, dict) or not data or is_apart(data):
        return None
    text = dump_text(data, pretty=True)
    return text if len(text) <= _MOST else None


def _name(workflow: WorkflowDoc) -> str:
    return f"input.{workflow['id']}"
