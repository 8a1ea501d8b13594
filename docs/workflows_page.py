"""docs/workflows.md: the workflow document, its tables drawn from the models that validate it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from docs.steps_page import parameter_table
from engine.models.limits import Concurrency, Debounce, Dedupe, Rate
from engine.models.workflow import Edge, JoinCount, Retry, Step, WorkflowDraft

_TEXT: Final = Path(__file__).with_name("workflows_text.md")
_LIMITS: Final[dict[str, Any]] = {"concurrency": Concurrency, "rate": Rate, "dedupe": Dedupe, "debounce": Debounce}
_MODELS: Final[dict[str, Any]] = {
    "workflow": WorkflowDraft,
    "step": Step,
    "arrow": Edge,
    "retry": Retry,
    "join": JoinCount,
    **_LIMITS,
}
# The tables of docs/steps.md link models to anchors of their own; here each model has a heading.
_LINKS: Final = {
    "[step](#workflow-step)": "[step](#steps)",
    "[edge](#workflow-edge)": "[arrow](#arrows)",
    "[join count](#workflow-joincount)": "[count](#joins)",
    "[retry](#workflow-retry)": "[retry](#retry)",
    **{f"[{name}](#workflow-{name})": f"[{name}](#{name})" for name in _LIMITS},
    "[effect](#workflow-effect)": "`pure`, `idempotent` or `once`, see [effects](#effects)",
    "[step type](#workflow-steptype)": "`TRIGGER` or `ACTION`",
    "`True`": "`true`",
}


def render() -> str:
    """The whole page: the text, with a table for each `<!-- table: name -->`."""
    page = _TEXT.read_text(encoding="utf-8")
    for name, model in _MODELS.items():
        table = "\n".join(parameter_table("workflow", model.model_json_schema(), "field"))
        page = page.replace(f"<!-- table: {name} -->", table)
    for link, anchor in _LINKS.items():
        page = page.replace(link, anchor)
    return page
