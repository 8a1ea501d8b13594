"""Row 53: one event is one JSON line, whatever clients and steps put into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from tests.security.conftest import Lines
from tests.server.live import Live, Person, action, webhook

FORGED = '{"level": "info", "message": "admin logged in"}'
SPLITS = ("\n", "\r\n", "\u2028", "\x85", "\x0b", "\x1b[2K\r")


@pytest.mark.parametrize("split", SPLITS, ids=[repr(split) for split in SPLITS])
async def test_nobody_writes_a_line_of_their_own(server: Live, ali: Person, logged: Lines, split: str) -> None:
    """Row 53: not in an address, a header, a body, a name, a step's log line, or where a library repeats it."""
    said = f"x{split}{FORGED}"
    await server.call("GET", f"/api/{quote(said)}?q={quote(said)}")
    await server.call("POST", "/api/auth/login", {"email": said, "password": said})
    headers: Mapping[str, str] = {"User-Agent": quote(said), "X-Request-Id": quote(said)}
    await server.call("GET", "/api/me", token=quote(said), headers=headers)
    log = action("log", "core.log", params={"message": "{{data.said}}", "fields": {"said": "{{data.said}}"}})
    answer = await ali.call("POST", "/api/workflows", {"name": said[:80], "steps": [webhook("log"), log]})
    workflow = answer.json["id"] if answer.status == 201 else await ali.save(webhook("log"), log)
    run = await ali.run(workflow, said=said)
    assert run["status"] == "SUCCESS"
    logging.getLogger("other.library").warning("heard %s", said, extra={"fields": {said: said}})
    assert len(logged.lines) > 6
    for written in logged.lines:
        assert len(written.splitlines()) == 1, written
        assert "\x1b" not in written
    events = [json.loads(line) for line in logged.lines if line.startswith("{")]
    assert len(events) * 2 == len(logged.lines)
    assert events[-1]["message"] == f"heard {said}"
    assert not [event for event in events if event["message"] == "admin logged in"]
