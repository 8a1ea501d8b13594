"""Workflows, versions and kinds of steps as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowdesk.clean import clean, clean_lines
from flowdesk.replies import StepKind, VersionDoc, WorkflowDoc
from flowdesk.show.paint import Paint
from flowdesk.show.run import facts, indented
from flowdesk.show.table import Column, table
from flowdesk.show.text import day_time, duration

_BY_CLOCK: Final = ("schedule.cron", "schedule.interval", "schedule.at")

Rows = tuple[Sequence[Column], Sequence[Sequence[object]]]


def workflow_table(workflows: list[WorkflowDoc], paint: Paint) -> Rows:
    """One row for each workflow."""
    columns = [
        Column("name", prose=True, style=paint.bold),
        Column("id"),
        Column("version", right=True),
        Column("on"),
        Column("steps", right=True),
        Column("schedule"),
        Column("saved", style=paint.dim),
        Column("tags", prose=True),
    ]
    rows = [
        (
            workflow["name"],
            workflow["id"],
            workflow["version"],
            "on" if workflow["enabled"] else "off",
            len(workflow["steps"]),
            "; ".join(schedules_of(workflow)),
            day_time(workflow["updatedAt"]),
            " ".join(workflow.get("tags", [])),
        )
        for workflow in workflows
    ]
    return columns, rows


def schedules_of(workflow: WorkflowDoc) -> list[str]:
    """Everything by the clock that starts this workflow, each with the zone it is read in."""
    given = [{"cron": workflow.get("scheduleCron")}]
    given += [step.get("params") or {} for step in workflow["steps"] if step["ref"] in _BY_CLOCK]
    zone = workflow.get("timezone")
    return [text for one in given if (text := _when(one, zone))]


def _when(params: Mapping[str, Any], zone: str | None) -> str:
    if params.get("every") is not None:
        every = params["every"]
        return f"every {duration(every) if isinstance(every, int | float) else every}"
    at = params.get("at")
    when = params.get("cron") or (", ".join(map(str, at)) if isinstance(at, list) else at)
    return f"{when} {params.get('timezone') or zone or ''}".strip() if when else ""


def workflow_lines(workflow: WorkflowDoc, url: str, paint: Paint, columns: int | None) -> list[str]:
    """One workflow: what it is, how it starts, its steps."""
    hooked = any(step.get("ref") == "http.webhook" for step in workflow["steps"])
    state = "on" if workflow["enabled"] else paint.warn("off")
    lines = [
        f"{paint.bold(clean(workflow['name']))}  v{workflow['version']}  {state}",
        *(f"  {line}" for line in clean_lines(workflow.get("description") or "") if line),
        *facts(
            {
                "id": workflow["id"],
                "webhook": f"{url}/api/hooks/{workflow['id']}" if hooked else None,
                "schedule": "; ".join(schedules_of(workflow)),
                "tags": " ".join(workflow.get("tags", [])),
                "saved": day_time(workflow["updatedAt"]),
            },
            paint,
        ),
        "",
    ]
    titles = [Column("step"), Column("ref"), Column("next"), Column("name", prose=True)]
    rows = [(step["id"], step["ref"], _next(step), step.get("name")) for step in workflow["steps"]]
    return lines + table(titles, rows, paint, columns)


def _next(step: dict[str, Any]) -> str:
    """`a, b when data.x > 1, c otherwise`."""
    given = step.get("next")
    parts = [_arrow(item) for item in (given if isinstance(given, list) else [given] if given else [])]
    if step.get("onError"):
        parts.append(f"{step['onError']} on error")
    return ", ".join(parts)


def _arrow(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if item.get("when"):
        return f"{item['to']} when {item['when']}"
    if item.get("label"):
        return f"{item['to']} on {item['label']}"
    return f"{item['to']} otherwise" if item.get("otherwise") else str(item["to"])


def version_table(versions: list[VersionDoc], paint: Paint) -> Rows:
    """One row for each saved version."""
    columns = [
        Column("version", right=True),
        Column("saved", style=paint.dim),
        Column("steps", right=True),
        Column("name"),
    ]
    return columns, [(v["version"], day_time(v["savedAt"]), v["steps"], v["name"]) for v in versions]


def kind_table(kinds: list[StepKind], paint: Paint) -> Rows:
    """One row for each kind of step."""
    columns = [
        Column("ref", style=paint.bold),
        Column("kind"),
        Column("effect"),
        Column("title", prose=True),
        Column("source"),
    ]
    return columns, [(k["ref"], k["kind"].lower(), k["effect"], k["title"], k["source"]) for k in kinds]


def kind_lines(kind: StepKind, paint: Paint, columns: int | None) -> list[str]:
    """One kind of step: what it does, its parameters, its examples."""
    lines = [
        f"{paint.bold(clean(kind['ref']))}  {clean(kind['title'])}",
        *(f"  {line}" for line in clean_lines(kind["description"])),
        *facts({"kind": kind["kind"].lower(), "effect": kind["effect"], "source": kind["source"]}, paint),
    ]
    rows = _parameters(kind["params"] or {})
    if rows:
        titles = [Column("param", style=paint.bold), Column("type"), Column("default"), Column("meaning", prose=True)]
        lines += ["", *table(titles, rows, paint, columns)]
    for example in kind["examples"]:
        lines += ["", paint.dim(f"example: {clean(example.get('title'))}"), *indented(example.get("params"))]
    return lines


def _parameters(schema: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    required = schema.get("required", [])
    return [
        (
            name,
            _type(field),
            "required" if name in required else "" if field.get("default") is None else str(field["default"]),
            " ".join(str(field.get("description", "")).split()),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    """A short word for a JSON Schema: `string`, `GET | POST`, `array of string`."""
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        return " | ".join(dict.fromkeys(_type(part) for part in field["anyOf"] if part.get("type") != "null"))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    kind = str(field.get("type", "any"))
    return f"array of {_type(field['items'])}" if kind == "array" and isinstance(field.get("items"), dict) else kind
