"""Joins that no run could satisfy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.checks.shape import starts
from engine.errors import Problem
from engine.models.workflow import JoinCount, Step, WorkflowDraft


def check_joins(draft: WorkflowDraft) -> Iterator[Problem]:
    """A join may not need more arrows than can be taken in one run."""
    coming = Counter(edge.to for step in draft.steps for edge in step.edges())
    coming.update(step.on_error for step in draft.steps if step.on_error is not None)
    begins = set(starts(draft))
    for step in draft.steps:
        if not isinstance(step.join, JoinCount) or step.id in begins:
            continue
        most = sum(_most_taken(source, step.id) for source in draft.steps)
        if step.join.count > coming[step.id]:
            yield Problem(
                "join_never_satisfied",
                f"the join needs {step.join.count} arrows, but {coming[step.id]} lead to it",
                step.id,
                "join.count",
                hint=f"write at most {coming[step.id]}, or lead more arrows to it",
            )
        elif step.join.count > most:
            yield Problem(
                "join_never_satisfied",
                f"the join needs {step.join.count} arrows, but no run takes more than {most} of the"
                f" {coming[step.id]} that lead to it",
                step.id,
                "join.count",
                hint="of the arrows onError, otherwise and those with different labels, a step takes only one",
            )


def _most_taken(source: Step, target: str) -> int:
    """How many arrows from one step to another can be taken together."""
    edges = [edge for edge in source.edges() if edge.to == target]
    plain = sum(edge.when is None and edge.label is None and edge.otherwise is None for edge in edges)
    chosen = sum(edge.when is not None for edge in edges)
    labels = Counter(edge.label for edge in edges if edge.label is not None)
    chosen += max(labels.values(), default=0)
    otherwise = sum(edge.otherwise is True for edge in edges)
    return max(plain + max(chosen, otherwise), source.on_error == target)
