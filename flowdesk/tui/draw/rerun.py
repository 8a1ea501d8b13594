"""What running a run again would mean: which steps work, which are taken over, and what happens twice.

The server decides by the same rules; a refusal foreseen here saves asking it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flowdesk.clean import clean
from flowdesk.replies import RunDoc, StepDoc
from flowdesk.tui.draw.topology import Topology

_HARMLESS: Final = "pure"
_UNKNOWN: Final = "idempotent"
"""What the server assumes of steps that do not say."""


@dataclass(slots=True, frozen=True)
class RerunPlan:
    """`again` and `kept` are the steps that work and those whose outputs are taken over, without triggers.

    Of the steps with an effect that happened already, `twice` happen again and `spared` do not. `refusal` says why it
    cannot be done at all.
    """

    again: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    refusal: str | None = None


@dataclass(slots=True, frozen=True)
class Choice:
    """One way to run it again; `from_step` None is everything, or, with `only_failed`, all that did not go well."""

    title: str
    from_step: str | None
    only_failed: bool = False


@dataclass(slots=True, frozen=True)
class Ran:
    """The run and the steps it would have: of the same version or the newest. `effects` are those of step kinds."""

    run: RunDoc
    definition: Sequence[Mapping[str, Any]]
    effects: Mapping[str, str] = field(default_factory=dict)


def choices(run: RunDoc, chosen: str | None) -> list[Choice]:
    """The ways there are, the most likely first."""
    failed = failed_step(run)
    ways = [] if failed is None else [Choice("From the failed step", failed)]
    trigger = {step["id"] for step in run["steps"] if step["type"] == "TRIGGER"}
    if chosen is not None and chosen not in (failed, *trigger):
        ways.append(Choice("From the selected step", chosen))
    if run["status"] in ("FAILED", "CANCELLED"):
        title = "Only what failed" if run["status"] == "FAILED" else "Only what did not finish"
        ways.insert(1 if failed is not None else 0, Choice(title, None, only_failed=True))
    return [*ways, Choice("Everything", None)]


def failed_step(run: RunDoc) -> str | None:
    """The step a failed run failed on."""
    if run["status"] != "FAILED":
        return None
    named = run["error"].get("stepId") if run["error"] else None
    known = [step["id"] for step in run["steps"]]
    if isinstance(named, str) and named in known:
        return named
    return next((step["id"] for step in run["steps"] if step["status"] == "FAILED"), None)


def plan_choice(ran: Ran, choice: Choice) -> RerunPlan:
    """What this way would mean, or why it cannot be gone."""
    return plan_rerun(ran, choice.from_step, only_failed=choice.only_failed)


def plan_rerun(ran: Ran, from_step: str | None, *, only_failed: bool = False) -> RerunPlan:
    """What would happen, or why it cannot."""
    ids = [str(step.get("id")) for step in ran.definition]
    states = {step["id"]: step for step in ran.run["steps"]}
    triggers = {str(step.get("id")) for step in ran.definition if step.get("type") == "TRIGGER"}
    if only_failed:
        well = _settled_well(ran, states, ids)
        if len(well) == len(ids):
            return RerunPlan(refusal="nothing of it failed")
        again = [step for step in ids if step not in well and step not in triggers]
        kept = [step for step in ids if step in well and step not in triggers]
    elif from_step is None:
        again, kept = [step for step in ids if step not in triggers], []
    else:
        topology = Topology.of(ran.definition)
        refusal = _refusal(topology, ran.definition, states, from_step)
        if refusal is not None:
            return RerunPlan(refusal=refusal)
        behind = _behind(topology, from_step)
        again = [step for step in ids if step in behind and step not in triggers]
        kept = [step for step in ids if step not in behind and step not in triggers and _kept(ran, states, step)]
    happened = {step for step in ids if step in states and _happened(ran, states[step])}
    return RerunPlan(
        tuple(again),
        tuple(step for step in kept if states[step]["status"] != "SKIPPED"),
        tuple(step for step in again if step in happened),
        tuple(step for step in kept if step in happened),
    )


def warnings(plan: RerunPlan) -> list[str]:
    """Sentences about what happens twice, and what does not although it may be expected to."""
    lines = []
    if plan.twice:
        lines.append(f"{_names(plan.twice)} had an effect already and will have it again")
    if plan.spared:
        lines.append(f"{_names(plan.spared)} had an effect already and will not run again")
    return lines


def summary(plan: RerunPlan) -> str:
    """`send → report · 2 steps, 6 taken over`; the steps named are the first that work."""
    if plan.refusal:
        return plan.refusal
    named = " → ".join(clean(step) for step in plan.again[:3]) + (" → …" if len(plan.again) > 3 else "")
    count = f"{len(plan.again)} {'step' if len(plan.again) == 1 else 'steps'}"
    kept = f", {len(plan.kept)} taken over" if plan.kept else ""
    return f"{named} · {count}{kept}" if named else count


def _refusal(
    topology: Topology, definition: Sequence[Mapping[str, Any]], states: Mapping[str, StepDoc], from_step: str
) -> str | None:
    if from_step not in {node.id for node in topology.nodes}:
        return f"this definition has no step {clean(from_step)}"
    state = states.get(from_step)
    if state is None or state["status"] in ("SKIPPED", "PENDING"):
        return f"the run never reached {clean(from_step)}"
    before = {edge.target: set[str]() for edge in topology.edges}
    for edge in topology.edges:
        before[edge.target].add(edge.source)
    needed, look = set[str](), [from_step]
    while look:
        look = [step for target in look for step in before.get(target, ()) if step not in needed]
        needed.update(look)
    missing = [step for step in topology.order() if step in needed and not _settled(definition, states.get(step))]
    return f"it builds on {clean(missing[0])}, which did not finish" if missing else None


def _settled(definition: Sequence[Mapping[str, Any]], state: StepDoc | None) -> bool:
    if state is None:
        return False
    step = next((step for step in definition if step.get("id") == state["id"]), {})
    tolerated = step.get("stopOnFailure") is False or step.get("onError") is not None
    return state["status"] in ("SUCCESS", "SKIPPED") or (state["status"] == "FAILED" and tolerated)


def _kept(ran: Ran, states: Mapping[str, StepDoc], step_id: str) -> bool:
    return _settled(ran.definition, states.get(step_id))


def _settled_well(ran: Ran, states: Mapping[str, StepDoc], ids: Sequence[str]) -> set[str]:
    """What is taken over when only what failed runs again: a skipped step only with all that comes before it."""
    well = {step for step in ids if _kept(ran, states, step)}
    topology = Topology.of(ran.definition)
    redone: set[str] = set().union(*(_behind(topology, step) for step in ids if step not in well))
    return {step for step in well if states[step]["status"] != "SKIPPED" or step not in redone}


def _behind(topology: Topology, step_id: str) -> set[str]:
    """The step and everything that comes after it."""
    follow = topology.targets()
    found, look = {step_id}, [step_id]
    while look:
        look = [edge.target for step in look for edge in follow.get(step, ()) if edge.target not in found]
        found.update(look)
    return found


def _happened(ran: Ran, state: StepDoc) -> bool:
    """Whether the step had its effect in that run, or in the one it was taken over from."""
    if state["type"] == "TRIGGER" or state["status"] != "SUCCESS":
        return False
    step = next((step for step in ran.definition if step.get("id") == state["id"]), {})
    effect = step.get("effect") or ran.effects.get(state["ref"], _UNKNOWN)
    return effect != _HARMLESS


def _names(steps: Sequence[str]) -> str:
    shown = ", ".join(clean(step) for step in steps[:4])
    return shown if len(steps) <= 4 else f"{shown} and {len(steps) - 4} more"
