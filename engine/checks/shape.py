"""The graph a workflow's arrows make: pure questions about it.

Arrows are those of `next` and `onError`; the ones that lead to unknown steps are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.models.workflow import StepType, WorkflowDraft

Targets = Mapping[str, tuple[str, ...]]


def targets_of(draft: WorkflowDraft) -> dict[str, tuple[str, ...]]:
    """Where each step's arrows lead, each step named once."""
    known = {step.id for step in draft.steps}
    return {
        step.id: tuple(
            to
            for to in dict.fromkeys([*(edge.to for edge in step.edges()), *([step.on_error] if step.on_error else [])])
            if to in known
        )
        for step in draft.steps
    }


def entry_steps(draft: WorkflowDraft) -> list[str]:
    """Where a run starts that no trigger step started: `entryStepId`, else the first TRIGGER, else the first step."""
    if draft.entry_step_id is not None:
        return [draft.entry_step_id]
    triggers = [step.id for step in draft.steps if step.type is StepType.TRIGGER]
    return [triggers[0] if triggers else draft.steps[0].id]


def starts(draft: WorkflowDraft) -> list[str]:
    """Every step a run can start at: the entry and all triggers."""
    triggers = [step.id for step in draft.steps if step.type is StepType.TRIGGER]
    return list(dict.fromkeys([*entry_steps(draft), *triggers]))


def ancestors(draft: WorkflowDraft) -> dict[str, tuple[str, ...]]:
    """For each step all steps from which arrows lead to it, however far, in definition order."""
    ids = list(dict.fromkeys(step.id for step in draft.steps))
    place = {step_id: index for index, step_id in enumerate(ids)}
    targets = targets_of(draft)
    order = _in_order(ids, targets)
    above = dict.fromkeys(ids, 0)  # a bit for each ancestor
    changed = True
    while changed:  # once, and once more to see that nothing changed; oftener only around cycles
        changed = False
        for step_id in order:
            passed_on = above[step_id] | 1 << place[step_id]
            for to in targets[step_id]:
                if above[to] | passed_on != above[to]:
                    above[to] |= passed_on
                    changed = True
    return {step_id: tuple(_named(above[step_id], ids)) for step_id in ids}


def reachable(draft: WorkflowDraft) -> set[str]:
    """Every step that some run can come to."""
    targets = targets_of(draft)
    apart = [*draft.finally_, *(step.undo for step in draft.steps if step.undo is not None)]
    found = {step_id for step_id in [*starts(draft), *apart] if step_id in targets}
    waiting = list(found)
    while waiting:
        for to in targets[waiting.pop()]:
            if to not in found:
                found.add(to)
                waiting.append(to)
    return found


def find_cycle(draft: WorkflowDraft) -> list[str] | None:
    """The steps of one cycle, the first one repeated at the end; None when there is none."""
    return cycle_in(targets_of(draft))


def cycle_in(targets: Targets) -> list[str] | None:
    """The same of arrows alone. Depth first, without recursion: a chain may be a thousand steps long."""
    done: set[str] = set()
    for start in targets:
        path, on_path = [start], {start}
        onward = [iter(targets[start])]
        while path and path[-1] not in done:
            to = next(onward[-1], None)
            if to is None:
                done.add(path[-1])
                on_path.remove(path.pop())
                onward.pop()
            elif to in on_path:
                return [*path[path.index(to) :], to]
            elif to not in done:
                path.append(to)
                on_path.add(to)
                onward.append(iter(targets[to]))
    return None


def _in_order(ids: list[str], targets: Targets) -> list[str]:
    """Steps before the ones they lead to, as far as there is no cycle."""
    incoming = dict.fromkeys(ids, 0)
    for step_id in ids:
        for to in targets[step_id]:
            incoming[to] += 1
    order = [step_id for step_id in ids if incoming[step_id] == 0]
    for step_id in order:  # grows while it is read
        for to in targets[step_id]:
            incoming[to] -= 1
            if incoming[to] == 0:
                order.append(to)
    placed = set(order)
    return order + [step_id for step_id in ids if step_id not in placed]


def _named(mask: int, ids: list[str]) -> Iterator[str]:
    """The steps whose bits are set, in definition order."""
    for index, bit in enumerate(reversed(f"{mask:b}")):
        if bit == "1":
            yield ids[index]
