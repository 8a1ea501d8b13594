"""Names that templates and conditions read, against the workflow they stand in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.checks.nearest import nearest
from engine.conditions import Condition, compile_condition
from engine.errors import Invalid, Problem
from engine.expressions.explain import ROOTS, unknown_name
from engine.expressions.kinds import never_boolean
from engine.render.compile import Template


@dataclass(slots=True, frozen=True)
class Horizon:
    """What one step can see: the ids of all steps, and of those before it; None where that cannot be told.

    `names` are what its expressions can read besides what all can.
    `secrets` are the tenant's, each with the hosts it is bound to; `bound` says that this step may have those that are.
    """

    known: Collection[str] | None
    before: Collection[str] | None
    names: Collection[str] = ()
    secrets: Mapping[str, tuple[str, ...]] | None = None
    bound: bool = True


def check_template(template: Template, step_id: str, horizon: Horizon) -> Iterator[Problem]:
    """The paths one text reads."""
    for names, offset in template.lookups.items():
        problem = _secret(names, horizon) or _step(names, horizon)
        if problem:
            line, column = template.place(offset)
            yield replace(problem, step_id=step_id, field=template.field, line=line, column=column)


def check_expression(source: str, field: str, step_id: str, horizon: Horizon) -> Iterator[Problem]:
    """One CEL text and the paths it reads."""
    try:
        condition = compile_condition(source)
    except Invalid as error:
        for problem in error.problems:
            yield replace(problem, step_id=step_id, field=field)
        return
    yield from _paths(condition, field, step_id, horizon)


def check_condition(source: str, field: str, step_id: str, horizon: Horizon) -> Iterator[Problem]:
    """The same of an expression that has to come to true or false."""
    problems = list(check_expression(source, field, step_id, horizon))
    kind = never_boolean(source) if not problems else None
    yield from problems
    if kind is not None:
        yield Problem(
            "not_a_condition",
            f"the condition comes to {kind}, never to true or false",
            step_id,
            field,
            hint="compare it with something",
        )


def _paths(condition: Condition, field: str, step_id: str, horizon: Horizon) -> Iterator[Problem]:
    for names, offset in condition.lookups.items():
        first = str(names[0])
        problem = None if first in horizon.names else _root(first) or _variable(first) or _step(names, horizon)
        if problem:
            line, column = condition.place(offset)
            yield replace(problem, step_id=step_id, field=field, line=line, column=column)


def _root(name: str) -> Problem | None:
    if name == "secrets":
        return Problem(
            "no_secrets",
            "conditions cannot read secrets: the way a run takes would tell about them",
            hint="pass the secret to a step as {{secrets.NAME}}, and decide on what the step answers",
        )
    return None


def _secret(names: tuple[str, ...], horizon: Horizon) -> Problem | None:
    if names[0] != "secrets":
        return None
    if len(names) != 2:
        return Problem("secret_name", "a secret is read by its name alone", hint="write {{secrets.NAME}}")
    name = names[1]
    if horizon.secrets is None:
        return None
    if name not in horizon.secrets:
        hint = nearest(name, horizon.secrets, listed=False) or f"make it with: flowdesk secrets set {name[:64]}"
        return Problem("unknown_secret", f"there is no secret {name[:64]}", hint=hint)
    if horizon.secrets[name] and not horizon.bound:
        return Problem(
            "secret_host_refused",
            f"the secret {name} is bound to {', '.join(horizon.secrets[name])}, and this kind of step does not say "
            "where it sends",
            hint="use it in http.request, or take the hosts away from it",
        )
    return None


def _variable(name: str) -> Problem | None:
    if name in ROOTS:
        return None
    told = unknown_name(name, {})
    return Problem("unknown_name", told.message, hint=told.hint)


def _step(names: tuple[str | int, ...], horizon: Horizon) -> Problem | None:
    if names[0] != "steps" or len(names) < 2:
        return None
    step_id = str(names[1])
    if horizon.known is None:
        return None
    if step_id not in horizon.known:
        return Problem("unknown_step", f"there is no step {step_id}", hint=nearest(step_id, horizon.known))
    if horizon.before is not None and step_id not in horizon.before:
        return Problem(
            "not_an_ancestor",
            f"the step {step_id} does not come before this one, so it has no output here",
            hint=f"lead arrows from {step_id} to this step",
        )
    return None
