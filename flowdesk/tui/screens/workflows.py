"""The workflows: what there is, how it is started, how it went last."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from flowdesk.clean import clean
from flowdesk.replies import EventDoc
from flowdesk.tui import keys, toast
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.capturing import WEBHOOK, Captures
from flowdesk.tui.screens.workflow_rows import WorkflowRow, columns, fetch, has_run
from flowdesk.tui.screens.workflow_start import ask_and_run
from flowdesk.tui.widgets.listing import Fetched, Listing


class WorkflowsScreen(AreaScreen):
    """Area 2."""

    area = "Workflows"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("workflows")]
    HELP = "Your workflows. Enter edits one, `r` runs it, `l` shows its newest run."

    def __init__(self) -> None:
        super().__init__()
        self._going: set[str] = set()
        """Workflows that are about to be deleted: no longer shown, and still there for ten seconds."""
        self._captures = Captures(self, self._tell)

    def compose_body(self) -> ComposeResult:
        """The list."""
        empty = "No workflow yet. n makes one, i reads one from a file, : finds everything."
        yield Listing(columns(self.flow), key=lambda w: w["id"], fetch=self._fetch, empty=empty)

    async def _fetch(self, cursor: str | None) -> Fetched[WorkflowRow]:
        page = await fetch(self.flow, cursor)
        return Fetched([row for row in page.items if row["id"] not in self._going], page.cursor)

    def on_screen_resume(self) -> None:
        """Read again what an editor may have changed: it leaves a draft without telling anybody."""
        self._stale = True

    def concerns(self, event: EventDoc) -> bool:
        """How the runs began and ended is all that the list tells of them."""
        return event["type"].startswith("run.")

    def why_not(self, act_id: str) -> str | None:
        """Most actions need a workflow to act on."""
        if act_id in ("workflow.new", "workflow.import"):
            return None
        current = self.current_as(WorkflowRow)
        if current is None:
            return "there is no workflow under the cursor"
        if act_id == "workflow.capture" and not any(step.get("ref") == WEBHOOK for step in current["steps"]):
            return "it has no webhook"
        return None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter edits."""
        self.flow.open_editor(cast(WorkflowRow, message.item)["id"])

    def action_workflow_edit(self) -> None:
        """So does the key that edits everywhere else."""
        current = self.current_as(WorkflowRow)
        if current is not None:
            self.flow.open_editor(current["id"])

    def action_workflow_run(self) -> None:
        """Ask for the input, start a run and open it."""
        current = self.current_as(WorkflowRow)
        if current is not None:
            self.background(ask_and_run(self, current), what="Starting the run", group="ask", exclusive=True)

    def note(self, listing: Listing[Any]) -> str:
        """How much is shown, and what is captured."""
        return " · ".join(filter(None, [super().note(listing), self._captures.note]))

    def _tell(self) -> None:
        self.show_place(self.note(self.listing))

    def action_workflow_capture(self) -> None:
        """Keep the next webhook of this workflow as a sample, or stop waiting for it."""
        current = self.current_as(WorkflowRow)
        if current is not None:
            work = self._captures.switch(current["id"], current["name"])
            self.background(work, what="Capturing the webhook", group="capture", exclusive=True)

    def action_workflow_import(self) -> None:
        """Save the workflow in a file."""
        from flowdesk.tui.screens.workflow_files import import_file

        self.background(import_file(self), what="Importing", group="ask", exclusive=True)

    def action_workflow_editor(self) -> None:
        """Edit it as YAML in the person's own editor."""
        from flowdesk.tui.screens.workflow_files import edit_in_editor

        current = self.current_as(WorkflowRow)
        if current is not None:
            self.background(edit_in_editor(self, current), what="Editing", group="ask", exclusive=True)

    def action_workflow_new(self) -> None:
        """An empty workflow, saved when it is first saved."""
        self.flow.open_editor(None)

    def action_workflow_disable(self) -> None:
        """Enable what is disabled, disable what is enabled."""
        self.background(self._switch(self.listing.chosen), what="Switching", group="write")

    async def _switch(self, chosen: list[WorkflowRow]) -> None:
        if not chosen or not await self.may_write("Switch workflows on or off"):
            return
        wanted = not chosen[0]["enabled"]
        others = [workflow for workflow in chosen if workflow["enabled"] != wanted]

        async def switch(workflow: WorkflowRow) -> None:
            document = await self.live.client.workflows.get(workflow["id"])
            await self.live.client.workflows.save(workflow["id"], {**document, "enabled": wanted})

        await self.each(others, "enabled" if wanted else "disabled", switch)

    def action_workflow_delete(self) -> None:
        """Delete after a question; undone by `u` for ten seconds."""
        self.background(self._delete(self.listing.chosen), what="Deleting", group="write")

    async def _delete(self, chosen: list[WorkflowRow]) -> None:
        if not chosen:
            return
        one = chosen[0] if len(chosen) == 1 else None
        named = one["name"] if one is not None else f"{len(chosen)} workflows"
        detail = "Its versions go with it; its runs stay in the list of runs."
        if one is None:
            detail = "Their versions go with them; their runs stay in the list of runs."
        typed: str | None = str(len(chosen))
        if one is not None:
            typed = clean(named) if has_run(one) else None
        if not await self.confirmed(f"Delete {named}?", yes="Delete", detail=detail, type_this=typed):
            return
        ids = [workflow["id"] for workflow in chosen]
        self._going.update(ids)
        for workflow_id in ids:
            self.listing.take_out(workflow_id)

        async def delete() -> None:
            for workflow_id in ids:
                await self.live.client.workflows.delete(workflow_id)
            self._going.difference_update(ids)

        def keep() -> None:
            self._going.difference_update(ids)
            self.reload()

        self.flow.deferred.later(f"Deleting {named}", delete, keep)

    def action_workflow_duplicate(self) -> None:
        """A copy under a name of its own, opened in the editor and not yet saved."""
        current = self.current_as(WorkflowRow)
        if current is not None:
            self.background(self._duplicate(current), what="Duplicating", group="write")

    async def _duplicate(self, workflow: WorkflowRow) -> None:
        document = await self.live.client.workflows.get(workflow["id"])
        copied = {k: v for k, v in document.items() if k not in ("id", "ownerId", "version", "createdAt", "updatedAt")}
        self.flow.open_editor(None, draft={**copied, "name": f"{document['name']} copy"})

    def action_workflow_logs(self) -> None:
        """The newest run of this workflow."""
        current = self.current_as(WorkflowRow)
        if current is not None:
            self.background(self._newest(current), what="Looking for its newest run")

    async def _newest(self, workflow: WorkflowRow) -> None:
        page = await self.live.client.runs.list(workflow_id=workflow["id"], limit=1)
        if page.items:
            self.flow.open_run(page.items[0]["id"], tab="log")
        else:
            toast.say(self, f"{workflow['name']} has not run yet")
