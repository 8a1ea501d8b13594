"""What must have happened in a run, told from the workflow and what its steps came to: written from docs/workflows.md.

No time, no order, no journal: arrows lead forward in the document, so that one look at each step in turn is enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """How each step ended, whether a step failed that may not, and the data in the end."""

    statuses: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    data: dict[str, Any] = field(default_factory=dict)


def interpret(steps: list[dict[str, Any]], outcomes: dict[str, str]) -> Told:
    """`outcomes` says for each step `ok`, `fail`, or the route it chooses."""
    told = Told()
    taken: dict[str, int] = {step["id"]: 0 for step in steps}
    for index, step in enumerate(steps):
        if index > 0 and taken[step["id"]] < needed(step.get("join", "all")):
            told.statuses[step["id"]] = "SKIPPED"
            continue
        outcome = outcomes[step["id"]]
        if outcome == "fail":
            told.statuses[step["id"]] = "FAILED"
            if step.get("onError"):
                taken[step["onError"]] += 1
                continue
            if step.get("stopOnFailure", True):
                told.failed = True
                continue
        else:
            told.statuses[step["id"]] = "SUCCESS"
            told.data |= {"last": step["id"], step["id"]: True}
        for to in arrows(step, outcome):
            taken[to] += 1
    return told


def needed(join: Any) -> int:
    """How many arrows must be taken; behind `all`, one, since the others may be dead."""
    return int(join["count"]) if isinstance(join, dict) else 1


def arrows(step: dict[str, Any], outcome: str) -> list[str]:
    """Where the step leads on to."""
    found = [edge if isinstance(edge, dict) else {"to": edge} for edge in step["next"]]
    plain = [e["to"] for e in found if not e.keys() & {"when", "label", "otherwise"}]
    chosen = [e["to"] for e in found if e.get("when") == "true" or ("label" in e and e["label"] == outcome)]
    return plain + (chosen or [e["to"] for e in found if e.get("otherwise")])
