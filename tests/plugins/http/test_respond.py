from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.sdk import Stop
from plugins.http.respond import RespondParams, respond
from tests.plugins.support import Recorder, checked, run


async def test_is_the_answer_it_describes() -> None:
    result = await run("http.respond", {"status": 201, "headers": {"X-A": 1, "X-B": None}, "body": {"a": 1}})
    assert result.data == {"status": 201, "headers": {"X-A": "1"}, "body": {"a": 1}}
    assert (await run("http.respond", {})).data == {"status": 200, "headers": {}, "body": None}


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_some_statuses_have_no_body(status: int) -> None:
    assert (await run("http.respond", {"status": status, "body": "x"})).data["body"] is None


@pytest.mark.parametrize("params", [{"status": 100}, {"status": 199}, {"status": 600}, {"status": "ok"}, {"code": 200}])
def test_refuses_at_save(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked("http.respond", params)


async def test_headers_are_checked_again_at_run_time() -> None:
    """Rows 60, 61: what a template came to cannot split the answer."""
    params = RespondParams.model_construct(headers={"X-A": "a\r\nSet-Cookie: b"})
    with pytest.raises(Stop, match="line breaks"):
        await respond(Recorder(), params)
