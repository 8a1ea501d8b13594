"""A workflow version made ready to run: templates and conditions compiled, arrows turned round, ancestors known.

A plan is made once per version and shared by all its runs; it is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.checks.parts import Part, parts_of, visible_before
from engine.checks.shape import targets_of
from engine.checks.windows import until_step
from engine.conditions import Condition, compile_condition
from engine.graph import ancestors, entry_steps
from engine.jsonio import dump_text
from engine.limits.rules import Limits, compile_limits
from engine.models.workflow import Body, Edge, Effect, JoinCount, Retry, Step, StepType, Workflow
from engine.registry import Registry
from engine.render.compile import CompiledParams, compile_params
from engine.sdk import StepDefinition
from engine.state import ERROR_EDGE

DEFAULT_TIMEOUT_MS: Final = 60_000


@dataclass(slots=True, frozen=True)
class PlanStep:
    """One step with everything worked out that does not depend on a run.

    `incoming` names arrows as (step id, index of the arrow, or ERROR_EDGE). `chain_parent` is the only step this one
    follows when that step's output is also the last to be merged, which makes the visible data cheap to build.
    `needed` is how many arrows in must be taken for it to start, 0 when all have to be settled first; `overtakes` are
    the steps it cancels then: those that lead only to it. `plain` says that all arrows are taken unless the step
    chooses one; `replies`, that it may answer who waits; `silent`, that it adds nothing to the data; `volatile`, that
    a second execution could come to something else; `calls`, that it may make runs of its own. `secrets` are the
    names its templates read.
    """

    index: int
    id: str
    part: Part
    step: Step
    definition: StepDefinition | None
    params: CompiledParams
    needed: int
    overtakes: tuple[str, ...]
    edges: tuple[Edge, ...]
    conditions: tuple[Condition | None, ...]
    incoming: tuple[tuple[str, int], ...]
    targets: tuple[str, ...]
    ancestors: tuple[str, ...]
    chain_parent: str | None
    effect: Effect
    timeout_ms: int
    retry: Retry | None
    labels: tuple[str, ...]
    reads_steps: bool
    instant: bool
    is_trigger: bool
    plain: bool
    replies: bool
    silent: bool
    volatile: bool
    calls: bool
    secrets: tuple[str, ...]


@dataclass(slots=True, frozen=True, eq=False)
class Plan:
    """A compiled workflow version. `instant` plans never wait for anything but the disk.

    `roots` are the steps that no other leads to, and the entries: before anything has happened, nothing can be said of
    others. `retrying` are the steps that may be tried again, `waiting` those that may wait for something, `replying`
    those that may answer who waits, `undoing` those that have an undo step, `lasts` the part after `finally`; `apart`
    counts steps of it and undo steps. `calling` are those that may make runs of their own. `windows` are waits with the
    step whose end also ends them.

    `limits` are what the workflow allows itself; a run of it starts only when its turn has come. `bodies` are the plans
    of steps inside of steps, and `body_of` names the step this plan is inside of; its workflow is then the document
    around it with only these steps. `outputs` are what a run gives to whoever calls it.

    Equal only to itself, so that what is worked out from a plan can be kept by it.
    """

    workflow: Workflow
    steps: dict[str, PlanStep]
    entries: tuple[str, ...]
    instant: bool
    missing_refs: tuple[str, ...]
    roots: tuple[PlanStep, ...]
    retrying: tuple[PlanStep, ...]
    waiting: tuple[PlanStep, ...]
    replying: tuple[PlanStep, ...]
    undoing: tuple[PlanStep, ...]
    lasts: tuple[str, ...]
    apart: int
    secrets: tuple[str, ...]
    limits: Limits | None = None
    calling: tuple[PlanStep, ...] = ()
    windows: tuple[tuple[str, str], ...] = ()
    bodies: Mapping[str, Plan] = field(default_factory=dict)
    body_of: str | None = None
    outputs: Mapping[str, Condition] = field(default_factory=dict)

    def body(self, step_id: str) -> Plan | None:
        """The plan of the steps inside of this step, however deep it lies."""
        found = self.bodies.get(step_id)
        if found is not None:
            return found
        return next((plan for inner in self.bodies.values() if (plan := inner.body(step_id)) is not None), None)

    def trigger_step(self, ref: str) -> PlanStep | None:
        """The trigger step of that kind, if the workflow has one."""
        return next((s for s in self.steps.values() if s.is_trigger and s.step.ref == ref), None)


def compile_plan(
    workflow: Workflow, registry: Registry, *, timeout_ms: int = DEFAULT_TIMEOUT_MS, body_of: str | None = None
) -> Plan:
    """Work out a plan; Invalid when a template or condition is bad, which saving has ruled out."""
    parts = parts_of(workflow)
    upstream = visible_before(workflow, ancestors(workflow))
    incoming = _incoming(workflow)
    position = {step.id: index for index, step in enumerate(workflow.steps)}
    # Behind a join that does not wait for all, more ancestors may finish later: what was visible once must not be
    # built upon.
    racing = frozenset(step.id for step in workflow.steps if step.join != "all" or parts[step.id] is not Part.MAIN)
    steps = {}
    for index, step in enumerate(workflow.steps):
        definition = registry.get(step.ref)
        edges = tuple(step.edges())
        conditions = tuple(compile_condition(e.when) if e.when is not None else None for e in edges)
        params = compile_params(
            step.params,
            expressions=definition.expressions if definition else (),
            url_fields=definition.url_fields if definition else (),
        )
        is_trigger = step.type is StepType.TRIGGER
        secrets = () if is_trigger else secret_names(params)
        replies = definition is not None and definition.replies
        targets = tuple(dict.fromkeys([e.to for e in edges] + ([step.on_error] if step.on_error else [])))
        came = tuple(incoming.get(step.id, ()))
        steps[step.id] = PlanStep(
            index=index,
            id=step.id,
            part=parts[step.id],
            step=step,
            definition=definition,
            params=params,
            needed=_needed(step),
            overtakes=_overtakes(workflow, step, upstream[step.id]),
            edges=edges,
            conditions=conditions,
            incoming=came,
            targets=targets,
            ancestors=upstream[step.id],
            chain_parent=_chain_parent(step.id, came, upstream, position, racing),
            effect=step.effect or Effect(definition.effect if definition else "idempotent"),
            timeout_ms=step.timeout_ms or (definition.timeout_ms if definition else None) or timeout_ms,
            retry=step.retry,
            labels=tuple(e.label for e in edges if e.label is not None),
            reads_steps=_reads_steps(step, definition),
            instant=_instant(step, definition) and not secrets,  # which are waited for
            is_trigger=is_trigger,
            plain=all(e.when is None and e.label is None and not e.otherwise for e in edges),
            replies=replies,
            silent=is_trigger or replies,
            volatile=params.volatile or definition is None or definition.volatile,
            calls=definition is not None and definition.calls,
            secrets=secrets,
        )
    return _plan(workflow, steps, registry, timeout_ms, body_of)


def _plan(
    workflow: Workflow, steps: dict[str, PlanStep], registry: Registry, timeout_ms: int, body_of: str | None
) -> Plan:
    entries = tuple(entry_steps(workflow))
    limits = compile_limits(workflow)
    planned = tuple(steps.values())
    return Plan(
        workflow=workflow,
        steps=steps,
        entries=entries,
        instant=limits is None
        and all(s.instant and s.retry is None and not _waits(s) and not s.calls for s in planned),
        missing_refs=tuple(dict.fromkeys(s.step.ref for s in planned if s.definition is None)),
        roots=tuple(s for s in planned if not s.incoming or s.id in entries),
        retrying=tuple(s for s in planned if s.retry is not None),
        waiting=tuple(s for s in planned if _waits(s)),
        replying=tuple(s for s in planned if s.replies),
        undoing=tuple(s for s in planned if s.step.undo is not None),
        lasts=tuple(s.id for s in planned if s.part is Part.FINALLY),
        apart=sum(s.part is not Part.MAIN for s in planned),
        secrets=tuple(dict.fromkeys(name for s in planned for name in s.secrets)),
        limits=limits,
        calling=tuple(s for s in planned if s.calls),
        windows=tuple((s.id, until) for s in planned if (until := until_step(s.step, s.definition)) in steps),
        bodies={
            step.id: compile_plan(inside(workflow, step.body), registry, timeout_ms=timeout_ms, body_of=step.id)
            for step in workflow.steps
            if step.body is not None
        },
        body_of=body_of,
        outputs={name: compile_condition(source) for name, source in (workflow.outputs or {}).items()},
    )


def _waits(step: PlanStep) -> bool:
    return step.definition is not None and step.definition.waits


def _needed(step: Step) -> int:
    if isinstance(step.join, JoinCount):
        return step.join.count
    return 1 if step.join == "any" else 0


def _overtakes(workflow: Workflow, join: Step, before: tuple[str, ...]) -> tuple[str, ...]:
    """The steps before a join that lead nowhere else, so that nobody needs them once it has started."""
    if not isinstance(join.join, JoinCount) or join.join.rest == "ignore":
        return ()
    targets = targets_of(workflow)
    inside = set(before)
    shrinking = True
    while shrinking:
        kept = {one for one in inside if targets[one] and all(to == join.id or to in inside for to in targets[one])}
        shrinking, inside = kept != inside, kept
    return tuple(one for one in before if one in inside)


def inside(workflow: Workflow, body: Body) -> Workflow:
    """The same workflow with only the steps of this body, and nothing that concerns whole runs of it."""
    names = (
        "timeout_ms",
        "schedule_cron",
        "concurrency",
        "rate",
        "dedupe",
        "debounce",
        "inputs",
        "outputs",
        "on_failure",
    )
    only: dict[str, Any] = dict.fromkeys(names)
    only |= {"steps": body.steps, "entry_step_id": body.entry_step_id, "finally_": []}
    return workflow.model_copy(update=only)


def _instant(step: Step, definition: StepDefinition | None) -> bool:
    return definition is not None and definition.instant and step.effect in (None, Effect.PURE)


def secret_names(params: CompiledParams) -> tuple[str, ...]:
    """The secrets these parameters read, by name."""
    return tuple(sorted({path[1] for path in params.lookups if path[0] == "secrets" and len(path) > 1}))


def _incoming(workflow: Workflow) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for step in workflow.steps:
        for index, edge in enumerate(step.edges()):
            found.setdefault(edge.to, []).append((step.id, index))
        if step.on_error:
            found.setdefault(step.on_error, []).append((step.id, ERROR_EDGE))
    return found


def _chain_parent(
    step_id: str,
    incoming: tuple[tuple[str, int], ...],
    upstream: dict[str, tuple[str, ...]],
    position: dict[str, int],
    racing: frozenset[str],
) -> str | None:
    parents = {source for source, _ in incoming}
    if len(parents) != 1:
        return None
    (parent,) = parents
    if racing.intersection((step_id, parent, *upstream[parent])):
        return None
    # Outputs merge in definition order: the parent's may simply be laid on top only if it is the last of them.
    if all(position[other] < position[parent] for other in upstream[parent]):
        return parent
    return None


def _reads_steps(step: Step, definition: StepDefinition | None) -> bool:
    if definition is None or definition.source != "built in":
        return True
    return "steps" in dump_text(step.params) or any("steps" in (edge.when or "") for edge in step.edges())
