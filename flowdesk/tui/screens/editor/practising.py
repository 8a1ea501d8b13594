"""Rehearsing in the editor: running up to a step, pinning outputs, and capturing a webhook as a sample."""

from __future__ import annotations

from typing import Any

from flowdesk.clean import clean
from flowdesk.tui import toast
from flowdesk.tui.screens.capturing import WEBHOOK, Captures
from flowdesk.tui.screens.editor.testing import EditorTesting
from flowdesk.tui.widgets.step_data import is_apart


class EditorPractising(EditorTesting):
    """`R`, `p`, `P` and `W`."""

    def __init__(self, workflow_id: str | None, run_id: str | None) -> None:
        super().__init__(workflow_id, run_id)
        self.captures = Captures(self, self.show_state)

    @property
    def has_webhook(self) -> bool:
        """Whether a webhook starts this workflow."""
        return any(step.get("ref") == WEBHOOK for step in self.draft.document["steps"])

    async def read_practice(self) -> None:
        """What the server keeps for rehearsing this workflow: pins, and whether a webhook is waited for."""
        workflow_id = self.workflow_id
        if workflow_id is None:
            return
        self._show_pins({pin["stepId"]: pin for pin in await self.live.client.practice.pins(workflow_id)})
        if self.has_webhook:
            await self.captures.look(workflow_id, self.workflow_name)

    def _show_pins(self, pins: dict[str, Any]) -> None:
        self.pins = pins
        self.map.set_pinned(pins)
        self.show("form")

    def notes(self) -> list[str]:
        """Pins that are used, and a webhook that is waited for."""
        return [f" {note}" for note in (*super().notes(), self.captures.note) if note]

    def action_editor_run_to(self) -> None:
        """Rehearse: run what the chosen step needs, and the step."""
        step_id = self.chosen
        if step_id is not None:
            self.background(self.run(step_id), what="Starting the rehearsal", group="dialog")

    def action_editor_pin(self) -> None:
        """Let rehearsals use what the step gave last, in place of running it."""
        self.background(self._pin(), what="Pinning the output", group="pin", exclusive=True)

    async def _pin(self) -> None:
        self.settle()
        step_id, workflow_id = self.chosen, self.workflow_id
        if step_id is None or workflow_id is None:
            return
        found = await self._output(step_id)
        if isinstance(found, str):
            toast.warn(self, f"nothing was pinned: {found}")
            return
        output, route, source = found
        if await self.may_write(f"Pin the output of {step_id}"):
            pin = await self.live.client.practice.keep_pin(workflow_id, step_id, output, route)
            self._show_pins({**self.pins, step_id: pin})
            toast.say(self, f"pinned to {step_id}: its output of {source}; R uses it, P unpins")

    async def _output(self, step_id: str) -> tuple[Any, str | None, str] | str:
        """What the step gave, its route, and when: in its last test, else in the run shown; else why there is none."""
        trial = self.trials.get(step_id)
        if trial is not None and trial["ok"]:
            if trial["truncated"]:
                return "the result of the last test was too large and is cut"
            return trial["data"], trial["route"], "the last test"
        await self.find_run()
        if self.run_id is None:
            return f"{step_id} has given nothing yet; t tests it"
        run = await self.live.client.runs.get(self.run_id)
        step = next((step for step in run["steps"] if step["id"] == step_id), None)
        if step is None or step["status"] != "SUCCESS":
            return f"{step_id} gave nothing in {self.run_id}; t tests it"
        if is_apart(step["output"]):
            return f"its output in {self.run_id} is too large and is kept apart"
        return step["output"], step["route"], self.run_id

    def action_editor_unpin(self) -> None:
        """Let rehearsals run the step again."""
        self.background(self._unpin(), what="Unpinning", group="pin", exclusive=True)

    async def _unpin(self) -> None:
        step_id, workflow_id = self.chosen, self.workflow_id
        if step_id in self.pins and workflow_id is not None and await self.may_write(f"Unpin {step_id}"):
            await self.live.client.practice.forget_pin(workflow_id, step_id)
            self._show_pins({step: pin for step, pin in self.pins.items() if step != step_id})
            toast.say(self, f"unpinned {clean(step_id)}")

    def action_editor_capture(self) -> None:
        """Keep the next webhook as a sample, or stop waiting for it."""
        if self.workflow_id is not None:
            work = self.captures.switch(self.workflow_id, self.workflow_name)
            self.background(work, what="Capturing the webhook", group="capture", exclusive=True)
