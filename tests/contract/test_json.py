"""Row 23: every value the reader of JSON accepts comes back unchanged, from every place and on every store."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import BadJson
from engine.jsonio import check_json, parse_json
from engine.models.event import Event, EventType
from engine.models.run import JobRow, RunRow
from engine.store import ANYONE, Commit, Store
from tests.contract.make import ME, NOW, make_job, make_run, make_workflow

_DEEP = b'{"a":' * 99 + b"1" + b"}" * 99

DOCUMENTS = {
    "64 bits": b'{"max": 9223372036854775807, "min": -9223372036854775808, "zero": 0, "minus": -1}',
    "floats": b'{"a": 0.1, "b": 1e308, "c": -0.0, "d": 5e-324, "e": 1.0, "f": 12345678901234567.0, "g": 1E5}',
    "texts": '{"empty": "", "umlaut": "Grüße", "emoji": "😀", "cjk": "日本", "nul": "a\\u0000b"}'.encode(),
    "controls": b'{"escaped": "\\n\\t\\r\\b\\f\\u001b[31m\\u007f", "quotes": "\\"\\\\\\/\'"}',
    "placeholders": b'{"percent": "%s %(x)s", "braces": "{0} {x!r}", "tags": "{{x}}", "sql": "$1 ?1 :x @x"}',
    "keys": '{"": 1, " ": 2, "a.b": 3, "$ne": 4, "ключ": 5, "😀": 6, "constructor": 7, "n": {"$set": {}}}'.encode(),
    "double key": b'{"a": 1, "a": 2, "b": {"c": 1, "c": [3]}}',
    "shapes": b'{"list": [[], {}, [[]], null, true, false], "null": null, "nested": {"a": {"b": {}}}}',
    "deep": _DEEP,
    "literals": b'{"t": true, "f": false, "one": 1, "text": "true", "number": "1", "null": "null"}',
    "lines": b'{"u": "\\u2028\\u2029\\ufeff\\ufffd", "surrogate pair": "\\ud83d\\ude00"}',
}


def _same(left: Any, right: Any) -> bool:
    """Equal, and of equal types: 1 is not 1.0 and not true, and -0.0 keeps its sign."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)


async def _round_trip(store: Store, value: dict[str, Any]) -> list[dict[str, Any]]:
    """The value as read back from journal, feed, error of a run and error of a job."""
    run = make_run(seq=1, error=value)
    job = make_job(run, error=value)
    place = (await store.runs.feed(None, limit=1))[0].cursor
    await store.runs.commit(Commit(run, [Event(1, NOW, EventType.STEP_LOG, data=value)], 0, jobs=[job]))
    item = (await store.runs.feed(place, limit=1))[0]
    many = await store.runs.journals([run.id])
    row, job = await store.runs.get(run.id, owner=ANYONE), await store.jobs.get(job.id, owner=ANYONE)
    rows: list[RunRow | JobRow] = [row, job, (await store.jobs.page(owner=ANYONE, limit=1, run_id=run.id)).items[0]]
    events = [*await store.runs.journal(run.id), *item.events, *many[run.id]]
    return [*(event.data for event in events), *(found.error or {} for found in rows)]


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_values_of_runs_come_back_unchanged(store: Store, name: str) -> None:
    """Row 23."""
    value = parse_json(DOCUMENTS[name])
    for found in await _round_trip(store, value):
        assert _same(found, value)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_values_of_workflows_come_back_unchanged(store: Store, name: str) -> None:
    """Row 23."""
    value = parse_json(DOCUMENTS[name])
    workflow = make_workflow(steps=[{"id": "a", "ref": "data.set", "params": value}])
    await store.workflows.create(workflow, [], saved_by=ME)
    page = await store.workflows.page(owner=ME, limit=1)
    for found in (
        await store.workflows.get(workflow.id, owner=ME),
        await store.workflows.version(workflow.id, 1, owner=ME),
        page.items[0],
    ):
        assert _same(found.steps[0].params, value)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
_VALUES = st.recursive(
    _SCALARS | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_TEXT.filter(lambda k: "\x00" not in k), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(_TEXT.filter(lambda key: "\x00" not in key), _VALUES, max_size=5))
def test_any_json_comes_back_unchanged(loop_and_store: tuple[asyncio.AbstractEventLoop, Store], value: Any) -> None:
    """Row 23, with values nobody thought of."""
    loop, store = loop_and_store
    check_json(value)
    for found in loop.run_until_complete(_round_trip(store, value)):
        assert _same(found, value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, "\ud800", {1}], ids=["big", "small", "surrogate", "set"])
async def test_what_json_cannot_say_is_refused_and_nothing_is_kept(store: Store, value: Any) -> None:
    """Row 23."""
    run = make_run(seq=1)
    with pytest.raises(BadJson):
        await store.runs.commit(Commit(run, [Event(1, NOW, EventType.STEP_LOG, data={"x": value})], 0))
    assert await store.runs.journal(run.id) == []
    assert await store.runs.active(owner=ANYONE) == 0
