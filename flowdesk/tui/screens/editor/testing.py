"""Trying one step, and running the whole workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.show.text import shorten
from flowdesk.tui.modals.try_result import TryResultModal
from flowdesk.tui.screens.editor.saving import EditorSaving

if TYPE_CHECKING:
    from flowdesk.replies import TrialDoc
    from flowdesk.tui.screens.area import AreaScreen

_LONGEST: Final = 600


class EditorTesting(EditorSaving):
    """`t` and `r`."""

    def __init__(self, workflow_id: str | None, run_id: str | None) -> None:
        super().__init__(workflow_id, run_id)
        self.trials: dict[str, TrialDoc] = {}
        """What came of the last test of each step."""

    def action_editor_test(self) -> None:
        """Execute the chosen step alone, with the values of the run beside it."""
        self.background(self._test(), what="Testing the step", group="test")

    async def _test(self) -> None:
        self.settle()
        step, document = self.step, self.draft.document
        if step is None:
            return
        step_id = str(step["id"])
        workflows = self.live.client.workflows
        await self.find_run()
        kind = self.kinds.get(str(step.get("ref")))
        if kind is None or kind["effect"] != "pure":
            seen = await workflows.preview(document, step_id, run_id=self.run_id)
            detail = f"It really happens. This is what it gets: {told(seen.params)}"
            where = f" on {self.flow.server_name}" if self.flow.production else ""
            if not await self.confirmed(f"Execute {step_id}{where}?", yes="Execute", detail=detail):
                return
        elif not await self.may_write(f"Test {step_id}"):
            return
        trial = await workflows.try_step(document, step_id, run_id=self.run_id)
        self.trials[step_id] = trial
        source = f"the values of {self.run_id}" if self.run_id else "no values: it has not run yet"
        await self.app.push_screen_wait(TryResultModal(step_id, trial, source))

    def action_editor_run(self) -> None:
        """Run the saved workflow; what is not saved is asked about first."""
        self.background(self.run(), what="Starting the run", group="dialog")

    async def run(self, until: str | None = None) -> None:
        """Save when that is wanted, ask for the input and run, with `until` only up to that step."""
        self.settle()
        if self.draft.changed:
            question = "Save your changes first?"
            detail = "What runs is what is saved."
            if not await self.confirmed(question, yes="Save and run", detail=detail):
                return
            if not await self.save():
                return
        workflow_id = self.workflow_id
        if workflow_id is None:
            return
        from flowdesk.tui.screens.workflow_start import ask_and_run

        # It asks nothing of the screen that only areas have.
        area = cast("AreaScreen", self)
        await ask_and_run(area, await self.live.client.workflows.get(workflow_id), until=until)


def told(params: Any) -> str:
    """Parameters in a few lines."""
    return shorten(clean(escape_json(dump_text(params))), _LONGEST)
