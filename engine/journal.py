"""What is written of a run: secrets masked, large values kept apart, jobs told from events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.errors import NotFound
from engine.ids import time_of
from engine.jsonio import dumps, parse_json
from engine.masking import MASK
from engine.models.event import Event, EventType
from engine.models.run import JobRow, JobStatus, RunRow
from engine.state import RunState, StepStatus
from engine.store import Blob, Runs

INLINE_LIMIT: Final = 64 * 1024
"""Bytes of JSON above which a value is stored once, by reference."""
SHARED_LIMIT: Final = 2048
"""The same for data that many called runs would repeat otherwise."""

SECRET_NAMES: Final = frozenset(
    {"password", "passphrase", "secret", "token", "access_token", "refresh_token", "api_key", "apikey", "authorization"}
    | {"proxy-authorization", "cookie", "set-cookie", "x-api-key", "private_key", "client_secret"}
)
"""Keys whose values never reach a journal, compared without regard to case."""

# Made once: `dict | list` inside of isinstance makes a new union on every call.
_HOLDERS: Final = (dict, list)


def mask(value: Any, names: frozenset[str] = SECRET_NAMES) -> Any:
    """The value with everything under a secret-sounding key replaced; shares what did not change."""
    if isinstance(value, dict):
        return {
            key: MASK if key.lower() in names and item not in (None, "") else mask(item, names)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [mask(item, names) for item in value]
    return value


def holds_secret(value: Any, names: frozenset[str] = SECRET_NAMES) -> bool:
    """Whether masking would change anything."""
    # Plain loops that call themselves for objects and lists only: every step's parameters come by here.
    if isinstance(value, dict):
        for key, item in value.items():
            if key.lower() in names or (isinstance(item, _HOLDERS) and holds_secret(item, names)):
                return True
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, _HOLDERS) and holds_secret(item, names):
                return True
    return False


def set_apart(events: Sequence[Event]) -> list[Blob]:
    """Replace large inputs, outputs and trigger data by references, and return what they refer to."""
    # What is small together is small one by one, and is so in nearly every commit: one writing tells all.
    values, shared = _large_perhaps(events)
    if not shared and len(dumps(values)) <= INLINE_LIMIT:
        return []
    blobs: list[Blob] = []
    for event in events:
        match event.type:
            case EventType.STEP_SUCCEEDED:
                _set_apart(event, "output", blobs)
            case EventType.STEP_STARTED:
                _set_apart(event, "input", blobs)
            case EventType.WAIT_STARTED:
                _set_apart(event, "items", blobs)
                _set_apart(event, "data", blobs, SHARED_LIMIT)
            case EventType.RUN_STARTED:
                trigger = event.data["trigger"]
                inner = Event(event.seq, event.at, event.type, None, None, trigger)
                _set_apart(inner, "data", blobs)
                _set_apart(inner, "meta", blobs)
                if "base" in trigger:
                    inner.data = {**inner.data, "base": _reference(trigger["base"])}
                event.data = {**event.data, "trigger": inner.data}
            case _:
                pass
    return blobs


def _reference(base: Mapping[str, Any]) -> dict[str, Any]:
    """Data of the run that called this one, without the data."""
    return {key: value for key, value in base.items() if key != "data"}


def _large_perhaps(events: Sequence[Event]) -> tuple[list[Any], bool]:
    """The values that would be set apart if they were large, and whether there is something shared with other runs."""
    values: list[Any] = []
    shared = False
    for event in events:
        kind = event.type
        if kind is EventType.STEP_STARTED:
            values.append(event.data.get("input"))
        elif kind is EventType.STEP_SUCCEEDED:
            values.append(event.data.get("output"))
        elif kind is EventType.RUN_STARTED:
            trigger = event.data["trigger"]
            values += (trigger.get("data"), trigger.get("meta"))
            shared = shared or "base" in trigger
        elif kind is EventType.WAIT_STARTED:
            shared = shared or "calls" in event.data
    return values, shared


def _set_apart(event: Event, name: str, blobs: list[Blob], limit: int = INLINE_LIMIT) -> None:
    value = event.data.get(name)
    # Numbers, booleans and short texts cannot be large; most values are told apart without writing them out.
    if not isinstance(value, dict | list | str) or (isinstance(value, str) and len(value) * 6 < limit):
        return
    raw = dumps(value)
    if len(raw) <= limit:
        return
    ref = f"{event.seq}.{name}"
    blobs.append(Blob(ref, raw))
    rest = {key: item for key, item in event.data.items() if key != name}
    event.data = {**rest, f"{name}Ref": {"ref": ref, "size": len(raw)}}


def references(event: Event) -> list[str]:
    """The names of the large values this event refers to."""
    trigger = event.data.get("trigger")
    places = (event.data, trigger) if isinstance(trigger, dict) else (event.data,)
    names = ("inputRef", "outputRef", "dataRef", "metaRef", "itemsRef")
    return [place[name]["ref"] for place in places for name in names if isinstance(place.get(name), dict)]


async def put_back(run_id: str, events: Sequence[Event], runs: Runs) -> None:
    """Replace references by the values they stand for; a value that is gone becomes null."""
    for event in events:
        data = event.data
        if event.type is EventType.RUN_STARTED:
            trigger = await _put_back(run_id, data["trigger"], ("data", "meta"), runs)
            if "base" in trigger:
                trigger["base"] = {**trigger["base"], "data": await base_data(trigger["base"], runs)}
            event.data = {**data, "trigger": trigger}
        elif event.type is EventType.WAIT_STARTED:
            event.data = await _put_back(run_id, data, ("items", "data"), runs)
        elif "outputRef" in data or "inputRef" in data:
            event.data = await _put_back(run_id, data, ("output", "input"), runs)


async def base_data(base: Mapping[str, Any], runs: Runs) -> Any:
    """What the run that called this one had; nothing when that run is gone."""
    try:
        return parse_json(await runs.blob(base["run"], base["ref"]))
    except NotFound:
        return None


async def _put_back(run_id: str, data: Mapping[str, Any], names: tuple[str, ...], runs: Runs) -> dict[str, Any]:
    found = dict(data)
    for name in names:
        reference = found.pop(f"{name}Ref", None)
        if reference is not None:
            try:
                found[name] = parse_json(await runs.blob(run_id, reference["ref"]))
            except NotFound:
                found[name] = None
    return found


def jobs_after(run: RunRow, state: RunState, events: Sequence[Event], now: int) -> list[JobRow]:
    """The jobs these events changed, as they are now."""
    touched: dict[str, str] = {}
    for event in events:
        if event.step_id is None:
            if event.type is not EventType.RUN_STARTED:
                touched.update((s.job_id, step_id) for step_id, s in state.steps.items() if s.job_id)
        else:
            job_id = state.steps[event.step_id].job_id
            if job_id:
                touched[job_id] = event.step_id
    jobs = []
    for job_id, step_id in touched.items():
        step = state.steps[step_id]
        jobs.append(
            JobRow(
                id=job_id,
                workflow_id=run.workflow_id,
                run_id=run.id,
                user_id=run.user_id,
                step_id=step_id,
                attempt=step.attempt + (step.status is StepStatus.WAITING),
                status=JobStatus.RUNNING if step.wait is not None else _JOB_STATUS[step.status],
                run_at=now if step.wait is not None else step.retry_at or now,
                created_at=time_of(job_id),
                updated_at=now,
                error=step.error,
            )
        )
    return jobs


_JOB_STATUS: Final = {
    StepStatus.PENDING: JobStatus.PENDING,
    StepStatus.WAITING: JobStatus.PENDING,
    StepStatus.RUNNING: JobStatus.RUNNING,
    StepStatus.SUCCESS: JobStatus.COMPLETED,
    StepStatus.SKIPPED: JobStatus.COMPLETED,
    StepStatus.FAILED: JobStatus.FAILED,
    StepStatus.CANCELLED: JobStatus.CANCELLED,
}
