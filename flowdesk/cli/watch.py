"""The live log of many runs at once, until somebody leaves."""

from __future__ import annotations

from contextlib import aclosing

from flowdesk.cli.follow import tell_link
from flowdesk.cli.output import Output
from flowdesk.client import Client
from flowdesk.client_events import Link, Patience
from flowdesk.errors import Missing
from flowdesk.replies import EventDoc, WorkflowDoc
from flowdesk.show.story import Prefixes, Story


async def watch(client: Client, out: Output, workflow_id: str | None = None) -> None:
    """Print what happens in all runs, or in those of one workflow, from now on."""
    patience = Patience(give_up_s=None)
    stories = _Stories(client, out)

    def tell(link: Link) -> None:
        tell_link(link, out)

    stream = (
        client.events.mine(patience=patience, watch=tell)
        if workflow_id is None
        else client.events.workflow(workflow_id, patience=patience, watch=tell)
    )
    async with aclosing(stream) as events:
        async for event in events:
            if out.json:
                out.record(event)
            else:
                out.lines(await stories.tell(event))


class _Stories:
    """The runs that are under way, each told by a story of its own."""

    def __init__(self, client: Client, out: Output) -> None:
        self._client = client
        self._out = out
        self._prefixes = Prefixes(out.paint)
        self._workflows: dict[str, WorkflowDoc | None] = {}
        self._running: dict[str, Story] = {}

    async def tell(self, event: EventDoc) -> list[str]:
        """The lines for the next event of any run."""
        story = self._running.get(event["runId"]) or await self._begin(event)
        lines = story.tell(event)
        if story.status is not None:
            del self._running[event["runId"]]
        return lines

    async def _begin(self, event: EventDoc) -> Story:
        workflow = await self._workflow(event["workflowId"], event["data"].get("workflowVersion"))
        steps = [step["id"] for step in workflow["steps"]] if workflow else []
        name = workflow["name"] if workflow else event["workflowId"]
        story = Story(steps, self._out.paint, name=name, prefixes=self._prefixes)
        self._running[event["runId"]] = story
        return story

    async def _workflow(self, workflow_id: str, version: int | None) -> WorkflowDoc | None:
        known = self._workflows.get(workflow_id)
        if workflow_id not in self._workflows or (known and version and known["version"] != version):
            try:
                self._workflows[workflow_id] = await self._client.workflows.get(workflow_id)
            except Missing:  # deleted while its runs go on
                self._workflows[workflow_id] = None
        return self._workflows[workflow_id]
