"""The workflows: what there is, how it is started, how it went last."""

from __future__ import annotations

from typing import ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from flowdesk.replies import WorkflowDoc
from flowdesk.tui import keys, toast
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing


class WorkflowsScreen(AreaScreen):
    """Area 2."""

    area = "Workflows"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("workflows")]
    HELP = "Your workflows. Enter edits one, `r` runs it, `l` shows its newest run."

    def compose_body(self) -> ComposeResult:
        """The list."""
        columns = [
            Column[WorkflowDoc]("state", "", self._state),
            Column[WorkflowDoc]("name", "Name", lambda w: cells.plain(w["name"])),
            Column[WorkflowDoc]("trigger", "Trigger", lambda w: cells.plain(trigger_of(w))),
            Column[WorkflowDoc]("version", "Version", lambda w: Text(f"v{w['version']}"), order=lambda w: w["version"]),
            Column[WorkflowDoc](
                "changed", "Changed", lambda w: cells.ago(self.flow, w["updatedAt"]), order=lambda w: w["updatedAt"]
            ),
            Column[WorkflowDoc]("tags", "Tags", lambda w: cells.dim(", ".join(w["tags"])), wide=True),
        ]
        empty = "No workflow yet. n makes one, i reads one from a file, : finds everything."
        yield Listing(columns, key=lambda w: w["id"], fetch=self._fetch, empty=empty)

    async def _fetch(self, cursor: str | None) -> Fetched[WorkflowDoc]:
        page = await self.live.client.workflows.list(limit=PAGE, cursor=cursor)
        return Fetched(page.items, page.next_cursor)

    def _state(self, workflow: WorkflowDoc) -> Text:
        return cells.state(self.flow, "enabled" if workflow["enabled"] else "paused", "schedule")

    def why_not(self, act_id: str) -> str | None:
        """Most actions need a workflow to act on; only an enabled one runs."""
        if act_id in ("workflow.new", "workflow.import"):
            return None
        current = self.current_as(WorkflowDoc)
        if current is None:
            return "there is no workflow under the cursor"
        if act_id == "workflow.run" and not current["enabled"]:
            return "it is disabled; D enables it"
        return None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter edits."""
        self.flow.open_editor(cast(WorkflowDoc, message.item)["id"])

    def action_workflow_new(self) -> None:
        """An empty workflow, saved when it is first saved."""
        self.flow.open_editor(None)

    def action_workflow_disable(self) -> None:
        """Enable what is disabled, disable what is enabled."""
        self.background(self._switch(self.listing.chosen), what="Switching", group="write")

    async def _switch(self, chosen: list[WorkflowDoc]) -> None:
        if not chosen or not await self.may_write("Switch workflows on or off"):
            return
        wanted = not chosen[0]["enabled"]

        async def switch(workflow: WorkflowDoc) -> None:
            document = await self.live.client.workflows.get(workflow["id"])
            await self.live.client.workflows.save(workflow["id"], {**document, "enabled": wanted})

        await self.each(chosen, "enabled" if wanted else "disabled", switch)

    def action_workflow_delete(self) -> None:
        """Delete after a question; undone by `u` for ten seconds."""
        self.background(self._delete(self.listing.chosen), what="Deleting", group="write")

    async def _delete(self, chosen: list[WorkflowDoc]) -> None:
        if not chosen:
            return
        many = len(chosen) > 3
        named = chosen[0]["name"] if len(chosen) == 1 else f"{len(chosen)} workflows"
        asked = f"Delete {named}?"
        detail = "Its versions go with it; its runs stay in the list of runs."
        if not await self.confirmed(asked, yes="Delete", detail=detail, type_this=str(len(chosen)) if many else None):
            return
        for workflow in chosen:
            self.listing.take_out(workflow["id"])

        async def delete() -> None:
            for workflow in chosen:
                await self.live.client.workflows.delete(workflow["id"])

        self.flow.deferred.later(f"Deleting {named}", delete, self.reload)

    def action_workflow_duplicate(self) -> None:
        """A copy under a name of its own, opened in the editor and not yet saved."""
        current = self.current_as(WorkflowDoc)
        if current is not None:
            self.background(self._duplicate(current), what="Duplicating", group="write")

    async def _duplicate(self, workflow: WorkflowDoc) -> None:
        document = await self.live.client.workflows.get(workflow["id"])
        copied = {k: v for k, v in document.items() if k not in ("id", "ownerId", "version", "createdAt", "updatedAt")}
        self.flow.open_editor(None, draft={**copied, "name": f"{document['name']} copy"})

    def action_workflow_logs(self) -> None:
        """The newest run of this workflow."""
        current = self.current_as(WorkflowDoc)
        if current is not None:
            self.background(self._newest(current), what="Looking for its newest run")

    async def _newest(self, workflow: WorkflowDoc) -> None:
        page = await self.live.client.runs.list(workflow_id=workflow["id"], limit=1)
        if page.items:
            self.flow.open_run(page.items[0]["id"], tab="log")
        else:
            toast.say(self, f"{workflow['name']} has not run yet")


def trigger_of(workflow: WorkflowDoc) -> str:
    """What starts it, in short."""
    refs = {str(step.get("ref")) for step in workflow["steps"] if step.get("type") == "TRIGGER"}
    found = ["webhook"] if "http.webhook" in refs else []
    if workflow.get("scheduleCron"):
        found.append(f"cron {workflow.get('scheduleCron')}")
    elif "schedule.cron" in refs:
        found.append("cron")
    if "manual" in refs and not found:
        found.append("by hand")
    return ", ".join(found) or "by hand"
