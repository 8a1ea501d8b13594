"""Rows, states and events as the documents the API gives out; pure, and the same for answers and streams."""

from __future__ import annotations

from typing import Any

from engine.called import Called
from engine.clock import iso
from engine.models.event import Event
from engine.models.run import JobRow, RunRow, WaitingFor
from engine.models.workflow import Workflow
from engine.plan import Plan, PlanStep
from engine.registry import PluginInfo
from engine.sdk import Example, StepDefinition
from engine.state import RunState, StepState
from engine.store import VersionInfo
from engine.transition.waits import outcomes
from engine.visible import contribution
from server.narrative import log_lines
from server.references import is_marker, with_markers
from server.schemas import params_schema

MAX_LOG_LINES = 1000

Document = dict[str, Any]


def iso_or_none(at_ms: int | None) -> str | None:
    """A time that may be missing."""
    return None if at_ms is None else iso(at_ms)


def workflow_document(workflow: Workflow) -> Document:
    """A saved workflow, without the fields nobody set."""
    document: Document = workflow.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**document, "createdAt": iso(workflow.created_at), "updatedAt": iso(workflow.updated_at)}


def version_item(info: VersionInfo) -> Document:
    """One entry of a workflow's history."""
    return {
        "version": info.version,
        "savedAt": iso(info.saved_at),
        "savedBy": info.saved_by,
        "name": info.name,
        "steps": info.steps,
    }


def run_summary(row: RunRow, workflow_name: str) -> Document:
    """A run without its journal."""
    took = None if row.started_at is None or row.finished_at is None else max(0, row.finished_at - row.started_at)
    return {
        "id": row.id,
        "workflowId": row.workflow_id,
        "workflowName": workflow_name,
        "workflowVersion": row.workflow_version,
        "userId": row.user_id,
        "status": row.status.value,
        "waitingFor": row.waiting_for.value if row.waiting_for else None,
        "trigger": {"kind": row.trigger.value},
        "createdAt": iso(row.created_at),
        "startedAt": iso_or_none(row.started_at),
        "finishedAt": iso_or_none(row.finished_at),
        "durationMs": took,
        "dueAt": iso_or_none(row.due_at),
        "parentRunId": row.parent_run_id,
        "callerRunId": row.caller_run_id,
        "call": None if row.call is None else {"stepId": row.call.step_id, "item": row.call.item},
        "error": row.error,
    }


def run_with_logs(row: RunRow, workflow_name: str, events: list[Event]) -> Document:
    """A run and the newest of its log lines."""
    return {**run_summary(row, workflow_name), "logs": log_lines(events, MAX_LOG_LINES)}


def run_document(row: RunRow, plan: Plan, state: RunState, events: list[Event]) -> Document:
    """A run with everything its journal tells; values kept apart are markers in `events` and `state` already."""
    trigger = state.trigger
    return {
        **run_with_logs(row, plan.workflow.name, events),
        "seq": state.seq,
        "trigger": {
            "kind": trigger.kind.value,
            "stepId": trigger.step_id,
            "data": trigger.data,
            "meta": trigger.meta,
        },
        "data": merged_data(plan, state),
        "steps": [step_run(step, state.steps[step.id]) for step in plan.steps.values()],
        "questions": questions(state),
    }


def questions(state: RunState) -> list[Document]:
    """What the run wants to hear from somebody, in the order of its steps."""
    asking = ((step_id, step, outcomes(step)) for step_id, step in state.steps.items())
    return [_question(step_id, step, possible) for step_id, step, possible in asking if possible]


def _question(step_id: str, step: StepState, possible: tuple[str, ...]) -> Document:
    began = step.wait
    asked: Document = {} if began is None else began.data
    return {
        "stepId": step_id,
        "kind": step.waits_for,
        "outcomes": list(possible),
        "since": iso_or_none(began.at if began else None),
        "message": _message(step_id, asked),
        "signal": asked.get("name"),
        "form": asked.get("form"),
        "deciders": list(asked.get("deciders") or ()),
        "dueAt": iso_or_none(asked.get("dueAt")),
        "whenDue": asked.get("whenDue"),
    }


def _message(step_id: str, asked: Document) -> str:
    if asked.get("for") == WaitingFor.DECISION:
        return f"the process died while {step_id} was under way: did it happen?"
    if asked.get("for") == WaitingFor.SIGNAL:
        return f"{step_id} waits for the signal {asked.get('name')}"
    return str(asked.get("message") or f"{step_id} asks for an approval")


def merged_data(plan: Plan, state: RunState) -> Document:
    """The trigger's data and all outputs merged; what is kept apart is named where it has a key of its own."""
    given = state.trigger.data
    merged = {} if is_marker(given) else dict(given)
    for step in plan.steps.values():
        found = state.steps[step.id]
        if step.step.save_as is not None or not is_marker(found.output):
            merged.update(contribution(step, found))
    return merged


def step_run(step: PlanStep, state: StepState) -> Document:
    """One step of one run."""
    return {
        "id": step.id,
        "name": step.step.name,
        "ref": step.step.ref,
        "type": step.step.type.value,
        "status": state.status.value,
        "attempt": state.attempt,
        "startedAt": iso_or_none(state.started_at),
        "finishedAt": iso_or_none(state.finished_at),
        "durationMs": state.duration_ms,
        "input": state.input,
        "output": state.output,
        "error": state.error,
        "route": state.route,
        "reason": state.reason,
        "retryAt": iso_or_none(state.retry_at),
        "reused": state.reused,
        "calls": None if state.called is None else called_counts(state.called),
    }


def called_counts(called: Called) -> Document:
    """How far the runs a step has called have come."""
    return {
        "total": called.total,
        "open": len(called.open),
        "succeeded": called.succeeded,
        "failed": len(called.failed),
    }


def job_document(job: JobRow) -> Document:
    """A retry owed to a step."""
    return {
        "id": job.id,
        "workflowId": job.workflow_id,
        "runId": job.run_id,
        "userId": job.user_id,
        "stepId": job.step_id,
        "attempt": job.attempt,
        "status": job.status.value,
        "runAt": iso(job.run_at),
        "createdAt": iso(job.created_at),
        "updatedAt": iso(job.updated_at),
        "error": job.error,
    }


def event_document(run_id: str, workflow_id: str, event: Event) -> Document:
    """One entry of a run's journal."""
    event = with_markers(event)
    return {
        "runId": run_id,
        "workflowId": workflow_id,
        "seq": event.seq,
        "at": iso(event.at),
        "type": event.type.value,
        "stepId": event.step_id,
        "attempt": event.attempt,
        "data": event.data,
    }


def step_kind(definition: StepDefinition) -> Document:
    """One kind of step with the JSON Schema of its parameters."""
    return {
        "ref": definition.ref,
        "title": definition.title,
        "description": definition.description,
        "kind": definition.kind,
        "effect": definition.effect,
        "params": params_schema(definition.params),
        "examples": [_example(example) for example in definition.examples],
        "source": definition.source,
        "expressions": list(definition.expressions),
    }


def _example(example: Example) -> Document:
    return {
        "title": example.title,
        "params": dict(example.params),
        "data": dict(example.data),
        "output": example.output,
    }


def plugin_document(info: PluginInfo) -> Document:
    """A source of steps and how loading it went."""
    return {
        "name": info.name,
        "source": info.source,
        "version": info.version,
        "refs": list(info.refs),
        "error": info.error,
    }
