"""A workflow's limits made ready to use: their key templates compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import Problem
from engine.jsonio import dump_text
from engine.models.limits import Concurrency, Debounce, Dedupe, Rate
from engine.models.workflow import WorkflowDraft
from engine.render.compile import compile_text
from engine.render.template import Template, read_template

Limit = Concurrency | Rate | Dedupe | Debounce


@dataclass(slots=True, frozen=True)
class Keyed:
    """A key as a workflow gives it; without a template all runs share one."""

    name: str
    template: Template | None

    def text(self, workflow_id: str, scope: Mapping[str, Any]) -> str:
        """Names what is counted together: the workflow, the kind of limit and a hash of the rendered key.

        Raises Invalid when the template cannot be rendered.
        """
        if self.template is None:
            return f"{workflow_id}/{self.name}"
        value = self.template.render(scope)
        text = value if isinstance(value, str) else dump_text(value)
        return f"{workflow_id}/{self.name}/{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(slots=True, frozen=True)
class Limits:
    """The limits of one version of a workflow, each with its key."""

    concurrency: Concurrency | None
    rate: Rate | None
    dedupe: Dedupe | None
    debounce: Debounce | None
    keys: Mapping[str, Keyed]


def named(draft: WorkflowDraft) -> Iterator[tuple[str, Limit]]:
    """The limits a workflow has, by the name of their field."""
    for name in ("concurrency", "rate", "dedupe", "debounce"):
        limit = getattr(draft, name)
        if limit is not None:
            yield name, limit


def compile_limits(workflow: WorkflowDraft) -> Limits | None:
    """The limits, or None when there are none; Invalid for a key that saving would have refused."""
    found = dict(named(workflow))
    if not found:
        return None
    keys = {name: Keyed(name, None if limit.key is None else compile_text(limit.key)) for name, limit in found.items()}
    return Limits(workflow.concurrency, workflow.rate, workflow.dedupe, workflow.debounce, keys)


def check_limits(draft: WorkflowDraft) -> Iterator[Problem]:
    """What is wrong with the keys: before a run has begun there is only what started it."""
    for name, limit in named(draft):
        if limit.key is None:
            continue
        field = f"{name}.key"
        found = read_template(limit.key, field)
        if isinstance(found, Problem):
            yield found
            continue
        for names in found.lookups:
            if names[0] in ("steps", "secrets"):
                yield Problem(
                    "bad_limit_key",
                    f"the key is worked out before any step runs, so it cannot read {'.'.join(names)}",
                    field=field,
                    hint="use what the trigger brings: {{data...}} or {{trigger...}}",
                )
