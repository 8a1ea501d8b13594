"""What the plain objects of the views have in common with the models that describe them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from engine.models.event import Event, EventType
from engine.models.run import JobRow, JobStatus, RunRow, RunStatus, TriggerKind, WaitingFor
from engine.models.workflow import Workflow
from engine.plan import compile_plan
from engine.registry import PluginInfo, Registry
from engine.schedules.schedule import Schedule
from engine.state import fold
from engine.store import ScheduleRow, VersionInfo
from plugins.builtins import BUILTINS
from server import api_documents, run_documents, views
from server.references import with_markers
from server.schedule_models import ScheduleDocument, SchedulePreview
from server.schedule_views import preview_document, schedule_document

AT = 1_795_425_120_123

ROW = RunRow(
    id="r",
    workflow_id="w",
    workflow_version=3,
    user_id="u",
    status=RunStatus.WAITING,
    seq=9,
    trigger=TriggerKind.WEBHOOK,
    created_at=AT,
    started_at=AT + 1,
    waiting_for=WaitingFor.RETRY,
    due_at=AT + 5000,
    dedupe_key="hook:secret-key",
    payload_hash="abc",
    owner="process",
)


def fits(document: dict[str, Any], model: type[BaseModel]) -> None:
    """Exactly the model's fields, each of its kind."""
    model.model_validate(document)
    required = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
    known = {field.alias or name for name, field in model.model_fields.items()}
    assert required <= document.keys() <= known


def workflow() -> Workflow:
    return Workflow.model_validate(
        {
            "id": "w",
            "ownerId": "u",
            "version": 3,
            "createdAt": AT,
            "updatedAt": AT,
            "name": "W",
            "steps": [
                {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "flat"},
                {"id": "flat", "ref": "data.set", "params": {"values": {}}, "next": "kept"},
                {"id": "kept", "ref": "data.set", "params": {"values": {}}, "saveAs": "kept", "next": "last"},
                {"id": "last", "ref": "core.fail", "params": {"message": "x"}},
            ],
        }
    )


def registry() -> Registry:
    found = Registry()
    found.load(BUILTINS, third_party=False)
    return found


def journal() -> list[Event]:
    kinds: list[tuple[EventType, str | None, dict[str, Any]]] = [
        (EventType.RUN_STARTED, None, {"trigger": {"kind": "webhook", "data": {"a": 1}, "meta": {}, "stepId": "hook"}}),
        (EventType.STEP_SUCCEEDED, "hook", {"output": None, "taken": [0]}),
        (EventType.STEP_STARTED, "flat", {"inputRef": {"ref": "3.input", "size": 70_000}, "key": "r-flat"}),
        (EventType.STEP_SUCCEEDED, "flat", {"outputRef": {"ref": "4.output", "size": 70_000}, "taken": [0]}),
        (EventType.STEP_STARTED, "kept", {"input": {}, "key": "r-kept"}),
        (EventType.STEP_SUCCEEDED, "kept", {"outputRef": {"ref": "6.output", "size": 80_000}, "taken": [0]}),
        (EventType.STEP_STARTED, "last", {"input": {"message": "x"}, "key": "r-last"}),
        (EventType.STEP_FAILED, "last", {"error": {"code": "failed", "message": "x"}, "final": False}),
        (EventType.RETRY_SCHEDULED, "last", {"runAt": AT + 5000, "delayMs": 5000, "attempt": 2, "jobId": "j"}),
    ]
    return [
        Event(seq, AT + seq, kind, step, 1 if step else None, data)
        for seq, (kind, step, data) in enumerate(kinds, start=1)
    ]


def test_a_run_is_what_its_journal_says() -> None:
    plan = compile_plan(workflow(), registry())
    events = [with_markers(event) for event in journal()]
    document = views.run_document(ROW, plan, fold(plan.steps, "r", events), events)
    fits(document, run_documents.Run)
    assert document["seq"] == 9
    assert (document["status"], document["waitingFor"], document["durationMs"]) == ("WAITING", "retry", None)
    assert document["dueAt"] == document["steps"][3]["retryAt"]
    flat, kept = document["steps"][1], document["steps"][2]
    assert flat["input"] == {"$blob": "3.input", "size": 70_000}
    assert flat["output"] == {"$blob": "4.output", "size": 70_000}
    assert document["data"] == {"a": 1, "kept": kept["output"]}
    assert len(document["logs"]) == 9
    assert "secret-key" not in str(document)
    assert document["questions"] == []
    for step in document["steps"]:
        fits(step, run_documents.StepRun)
    for line in document["logs"]:
        fits(line, run_documents.LogLine)


def test_summaries_of_finished_runs_say_how_long_they_took() -> None:
    row = replace(
        ROW,
        status=RunStatus.FAILED,
        waiting_for=None,
        finished_at=AT + 501,
        error={"code": "x", "message": "y", "stepId": "s", "data": {"any": 1}},
    )
    document = views.run_summary(row, "W")
    fits(document, run_documents.RunSummary)
    assert document["durationMs"] == 500
    assert document["createdAt"] == "2026-11-23T09:12:00.123Z"
    fits(views.run_with_logs(row, "W", journal()), run_documents.RunWithLogs)


def test_a_clock_set_back_gives_no_negative_times() -> None:
    """Row 12: the wall clock may jump between two events."""
    assert views.run_summary(replace(ROW, finished_at=AT - 1000), "W")["durationMs"] == 0


def test_every_other_document() -> None:
    job = JobRow("j", "w", "r", "u", "s", 2, JobStatus.PENDING, AT, AT, AT, {"code": "x", "message": "y"})
    fits(views.job_document(job), run_documents.Job)
    fits(views.version_item(VersionInfo(1, AT, "u", "W", 4)), api_documents.VersionItem)
    fits(views.workflow_document(workflow()), api_documents.WorkflowDocument)
    row = ScheduleRow("w", "cron", Schedule("cron", "* * * * *", "UTC"), AT)
    fits(schedule_document(row, "W", AT), ScheduleDocument)
    fits(preview_document(row.schedule, AT, None, 3), SchedulePreview)
    fits(views.plugin_document(PluginInfo("p", "built in", error="no")), api_documents.Plugin)
    for event in journal():
        fits(views.event_document("r", "w", event), run_documents.EventDocument)
    for definition in registry().all():
        fits(views.step_kind(definition), api_documents.StepKind)
