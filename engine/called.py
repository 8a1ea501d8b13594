"""What a step has called, as far as its run's journal tells: a fold over `wait.started` and `items.advanced`.

Each item is a run of its own, whose id follows from the caller's journal. So only what cannot be worked out is kept
here: how far the items have come, which are under way, which failed, and which were made anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from engine.ids import derived_id
from engine.models.event import Event

CHILDREN: Final = "children"
"""What a step waits for that has called runs."""


@dataclass(slots=True)
class Called:
    """The runs of one step.

    `next` is the first item never started, `open` are those under way, `again` those to be started anew, `failed` those
    that ended otherwise than in success, with what is known of why. `round` counts how often the step went back to
    items it had started before; `rounds` says in which round an item's latest run was made, where that is not the
    first. `kept` is an item whose old run was taken up again, so that it is not made anew. `shared` is whether the data
    is so large that the called runs refer to it; None until somebody has looked.
    """

    spec: dict[str, Any]
    items: list[Any]
    data: dict[str, Any]
    seq: int
    made_at: int
    next: int = 0
    open: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    succeeded: int = 0
    failed: dict[int, dict[str, Any]] = field(default_factory=dict)
    round: int = 0
    rounds: dict[int, int] = field(default_factory=dict)
    kept: int | None = None
    due_at: int | None = None
    reached: bool = False
    shared: bool | None = None

    @property
    def total(self) -> int:
        """How many items there are; of repetitions, how many there are at most."""
        return int(self.spec["total"])

    @property
    def workflow_id(self) -> str | None:
        """The workflow the items run; None for the step's own body."""
        return self.spec.get("workflowId")

    @property
    def started_all(self) -> bool:
        """Whether there is nothing more to start."""
        return (self.next >= self.total or self.reached) and not self.again

    def run_id(self, caller_run_id: str, step_id: str, item: int) -> str:
        """The id of the item's run: the same whenever and wherever it is asked for."""
        made = self.rounds.get(item, 0)
        return derived_id(self.made_at, caller_run_id, step_id, str(self.seq), str(item), str(made))


def called_after(known: Called | None, event: Event) -> Called | None:
    """What is known after the step began to wait for runs: for new ones, or again for those it did not finish."""
    spec = event.data.get("calls")
    if spec is None:
        return known
    if spec.get("again"):
        if known is not None:
            _go_back(known)
        return known
    items, data = event.data.get("items"), event.data.get("data")
    return Called(spec, items or [], data or {}, event.seq, event.at)


def _go_back(known: Called) -> None:
    """Everything that did not succeed is looked at again: under way or failed."""
    known.round += 1
    known.again = sorted({*known.open, *known.failed, *known.again})
    known.open = []
    known.failed = {}
    known.due_at = None


def advance(known: Called, event: Event) -> None:
    """Take in how far the items have come."""
    data = event.data
    known.next = data["next"]
    known.open = list(data["open"])
    known.succeeded = data["succeeded"]
    if known.again:
        done = {*known.open, *data.get("settled", ()), *(item for item, _ in data.get("failed", ()))}
        known.again = [item for item in known.again if item not in done]
    for item, why in data.get("failed", ()):
        known.failed[item] = why
    for item in data.get("anew", ()):
        known.rounds[item] = known.round
    known.due_at = data.get("dueAt")
    known.reached = bool(data.get("reached"))
