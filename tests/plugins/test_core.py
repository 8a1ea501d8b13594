from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from pydantic import ValidationError

from engine.sdk import Stop
from tests.plugins.support import Line, Recorder, checked, definition, run


async def test_log_writes_a_line_with_fields() -> None:
    ctx = Recorder()
    result = await run("core.log", {"message": "order came in", "level": "warning", "fields": {"total": 5}}, ctx)
    assert (result.ok, result.data) == (True, None)
    assert ctx.lines == [Line("order came in", "warning", {"total": 5})]


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (None, ""), (True, "true"), ({"a": [1]}, '{"a":[1]}'), (1.5, "1.5"), ("é", "é")]
)
async def test_a_message_may_come_to_any_value(value: Any, text: str) -> None:
    ctx = Recorder()
    await run("core.log", {"message": value}, ctx)
    assert ctx.lines[0].message == text


async def test_assert() -> None:
    ctx = Recorder(data={"total": 5})
    assert (await run("core.assert", {"condition": "data.total == 5"}, ctx)).ok
    plain = await run("core.assert", {"condition": "data.total > 5"}, ctx)
    told = await run("core.assert", {"condition": "data.total > 5", "message": "too little"}, ctx)
    assert (plain.ok, plain.code, plain.retryable) == (False, "assertion_failed", False)
    assert plain.error == "this is not true: data.total > 5"
    assert told.error == "too little"
    with pytest.raises(Stop, match="true or false"):
        await run("core.assert", {"condition": "data.total"}, ctx)


async def test_fail() -> None:
    plain = await run("core.fail", {"message": "no address"})
    assert (plain.ok, plain.error, plain.code, plain.retryable) == (False, "no address", "failed", False)
    own = await run("core.fail", {"message": "later", "code": "not_yet", "retryable": True})
    assert (own.code, own.retryable) == ("not_yet", True)
    assert (await run("core.fail", {"message": None})).error == "failed on purpose"


@pytest.mark.parametrize(
    ("duration", "milliseconds"),
    [
        (0, 0),
        (500, 500),
        (1.6, 2),
        ("250ms", 250),
        ("2s", 2000),
        ("1.5s", 1500),
        (" 1 m ", 60_000),
        ("60s", 60_000),
        ("500", 500),
    ],
)
def test_durations(duration: Any, milliseconds: int) -> None:
    assert checked("core.sleep", {"duration": duration}).duration == milliseconds


async def test_sleep_waits_and_lets_others_work() -> None:
    began = time.monotonic()
    sleeping = asyncio.create_task(run("core.sleep", {"duration": "80ms"}))
    await asyncio.sleep(0)
    assert not sleeping.done()
    assert (await sleeping).ok
    assert time.monotonic() - began >= 0.075


async def test_sleep_can_be_cancelled() -> None:
    """Row 28: a cancelled run does not wait for its sleep."""
    sleeping = asyncio.create_task(run("core.sleep", {"duration": "60s"}))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(sleeping, 5)


def test_sleep_has_time_for_its_longest_wait() -> None:
    sleep = definition("core.sleep")
    assert sleep.timeout_ms is not None
    assert sleep.timeout_ms > 60_000
    assert not sleep.instant


@pytest.mark.parametrize(
    ("ref", "params"),
    [
        ("core.log", {}),
        ("core.log", {"message": "a", "level": "loud"}),
        ("core.log", {"message": "a", "fields": {"level": 1}}),
        ("core.log", {"message": "a", "fields": {"message": 1}}),
        ("core.assert", {"message": "a"}),
        ("core.fail", {"message": "a", "code": "Not A Code"}),
        ("core.sleep", {}),
        ("core.sleep", {"duration": -1}),
        ("core.sleep", {"duration": 60_001}),
        ("core.sleep", {"duration": "2h"}),
        ("core.sleep", {"duration": "61s"}),
        ("core.sleep", {"duration": "soon"}),
        ("core.sleep", {"duration": ""}),
        ("core.sleep", {"duration": float("nan")}),
        ("core.sleep", {"duration": None}),
    ],
)
def test_refuses_at_save(ref: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked(ref, params)
