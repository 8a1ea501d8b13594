"""Keeps a run view true: reads the run, follows its journal live, and closes what gaps a lost connection leaves."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextlib import aclosing
from typing import Any

from flowdesk.errors import Missing
from flowdesk.replies import EventDoc, RunDoc
from flowdesk.tui import toast
from flowdesk.tui.draw.logline import LogLine
from flowdesk.tui.draw.story import Story
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.live import LinkState
from flowdesk.tui.screens.base import FlowScreen
from flowdesk.tui.screens.run.feed import Feed
from flowdesk.tui.screens.run.model import RunModel, asks_again


class ReadingScreen(FlowScreen):
    """A screen that shows one run. Subclasses draw: `opened`, `redraw`, `add_events`."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.feed = Feed(run_id)
        self.model: RunModel | None = None
        self.definition: list[dict[str, Any]] = []
        self._story = Story()
        self._away: int | None = None

    @abstractmethod
    def opened(self, model: RunModel, topology: Topology) -> None:
        """The run is known for the first time."""

    @abstractmethod
    def redraw(self, model: RunModel, changed: set[str] | None) -> None:
        """These steps are different now; None stands for anything."""

    @abstractmethod
    def add_events(self, events: list[EventDoc], lines: list[LogLine], *, older: bool = False) -> None:
        """Further parts of the journal, in order; `older` ones belong before the others."""

    @abstractmethod
    def mark_gap(self, text: str) -> None:
        """What follows happened while nobody could look."""

    def on_mount(self) -> None:
        """Listen first, then read, so that nothing falls between."""
        self.live.events.subscribe(self, self._happened)
        self.live.link.subscribe(self, self._link_changed)
        self.live.missed.subscribe(self, lambda _: self._return())
        self.background(self._open(), what="Reading the run", group="open", exclusive=True)

    async def _open(self) -> None:
        client = self.live.client
        try:
            document = await client.runs.get(self.run_id)
        except Missing:
            self._gone()
            return
        self.model = RunModel(document)
        self.feed.begin(document["seq"])
        self.opened(self.model, await self._topology(document))
        await self._drawn()
        await self._read_on()

    async def _drawn(self) -> None:
        """Let the run be seen before its journal is read: both at once would be felt."""
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()

    async def _topology(self, document: RunDoc) -> Topology:
        """The map of the version that ran; only its steps, when that is gone."""
        try:
            workflow = await self.live.client.workflows.version(document["workflowId"], document["workflowVersion"])
        except Missing:
            self.definition = [{"id": s["id"], "type": s["type"], "ref": s["ref"]} for s in document["steps"]]
            return Topology.of(self.definition)
        self.definition = workflow["steps"]
        return Topology.of(workflow["steps"], workflow.get("entryStepId"), workflow.get("finally"))

    async def _read_on(self) -> None:
        async with aclosing(self.feed.rest(self.live.client)) as parts:
            async for part in parts:
                self._take(part)

    def _happened(self, events: list[EventDoc]) -> None:
        following = self.feed.hear(events)
        if following:
            self._take(following)
        if self.feed.behind and not (self.feed.paused or self.feed.reading):
            self.feed.reading = True
            self.background(self._read_on(), what="Reading the journal", group="journal")

    def _take(self, events: list[EventDoc]) -> None:
        model = self.model
        if model is None:
            return
        before = model.run["seq"]
        changed = {step_id for event in events if (step_id := model.apply(event)) is not None}
        self.add_events(events, [line for event in events for line in self._story.lines(event)])
        told = [event for event in events if event["seq"] > before and event["type"] != "step.log"]
        if told:
            self.redraw(model, changed)
        if any(asks_again(event) for event in told):
            self.refetch()

    def refetch(self) -> None:
        """Read the run's document again: it says what its events do not."""
        self.background(self._refetch(), what="Reading the run", group="document", exclusive=True)

    async def _refetch(self) -> None:
        try:
            document = await self.live.client.runs.get(self.run_id)
        except Missing:
            self._gone()
            return
        if self.model is not None and self.model.adopt(document):
            self.redraw(self.model, None)

    def _gone(self) -> None:
        toast.warn(self.app, f"there is no run {self.run_id}, or it is not yours")
        if self.is_current:
            self.app.pop_screen()

    async def older(self) -> bool:
        """Read the page before; False when there was none."""
        if not self.feed.has_older or self.model is None:
            return False
        events = await self.feed.older(self.live.client)
        story = Story()
        for event in events:
            self.model.recall(event)
        self.add_events(events, [line for event in events for line in story.lines(event)], older=True)
        return True

    def _link_changed(self, state: LinkState) -> None:
        if state == "connected":
            if self._away is not None or self.model is None:
                self._return()
        elif self._away is None and self.model is not None:
            self._away = self.feed.last
            self.feed.paused = True

    def _return(self) -> None:
        if self.model is None:
            self.background(self._open(), what="Reading the run", group="open", exclusive=True)
        else:
            self._away = None
            self.feed.paused = True
            self.background(self._catch_up(), what="Reading what was missed", group="journal")

    async def _catch_up(self) -> None:
        missed: list[EventDoc] = []
        async with aclosing(self.feed.rest(self.live.client)) as parts:
            async for part in parts:
                missed += part
        if missed:
            count = len(missed)
            self.mark_gap(f"{count:,} {'event' if count == 1 else 'events'} while away")
            self._take(missed)
        await self._refetch()
