"""Row 36: template attacks, from the API to what a step did."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.server.live import Live, Person, action, webhook

_BUDGET_S = 10.0  # on a busy machine; without limits each would take minutes, or all the memory


def said(template: str) -> dict[str, Any]:
    return action("say", "data.set", params={"values": {"out": f"[{template}]"}})


async def test_nothing_but_data_is_reached(server: Live, ali: Person, tmp_path: Path) -> None:
    """Row 36: no attributes, no methods, no `str.format`, no environment, no file: just empty."""
    os.environ["FLOWDESK_TEST_CANARY"] = "from the environment"
    (tmp_path / "partial.mustache").write_text("from the disk")
    attacks = (
        "{{data.name.__class__.__mro__}}",
        "{{#data.name.format}}{0.__class__.__init__.__globals__}{{/data.name.format}}",
        "{{#data.name.format}}{environ}{{/data.name.format}}",
        "{{data.name.upper}}{{data.keys}}{{os.environ}}{{__builtins__}}",
        "{{ctx.secrets}}{{server.settings}}{{workflow.__dict__}}",
    )
    steps = [said(attack) | {"id": f"s{n}", "saveAs": f"s{n}"} for n, attack in enumerate(attacks)]
    for step, following in pairwise(steps):
        step["next"] = following["id"]
    try:
        run = await ali.run(await ali.save(webhook("s0"), *steps), name="{0.__class__}")
    finally:
        del os.environ["FLOWDESK_TEST_CANARY"]
    assert run["status"] == "SUCCESS"
    for number in range(len(attacks)):
        assert run["data"][f"s{number}"]["out"] in ("[]", "[{0.__class__.__init__.__globals__}]", "[{environ}]")


async def test_partials_are_refused_at_save(ali: Person, tmp_path: Path) -> None:
    """Row 36: whatever they name."""
    (tmp_path / "partial.mustache").write_text("from the disk")
    for name in ("partial", str(tmp_path / "partial"), "/etc/passwd", "../../etc/passwd"):
        body = {"name": "w", "steps": [webhook("say"), said(f"{{{{> {name}}}}}")]}
        answer = await ali.call("POST", "/api/workflows", body)
        assert (answer.status, answer.json["problems"][0]["stepId"]) == (422, "say"), name
        assert b"from the disk" not in answer.body


@pytest.mark.parametrize(
    "template",
    [
        "{{#data.rows}}" * 6 + "x" + "{{/data.rows}}" * 6,
        "{{#data.rows}}{{data.rows}}{{/data.rows}}",
        "{{#data.a}}" * 100 + "{{/data.a}}" * 100,
        "{{data.a}}" * 20_000,
    ],
    ids=["sections in sections", "rows in rows", "nesting", "tags"],
)
async def test_what_explodes_is_stopped(ali: Person, template: str) -> None:
    """Row 36: at save or in the run, soon, and the server goes on."""
    begun = time.monotonic()
    answer = await ali.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("say"), said(template)]})
    if answer.status == 201:
        run = await ali.run(answer.json["id"], rows=[{"n": n, "text": "x" * 50} for n in range(500)])
        assert run["status"] == "FAILED"
        assert run["error"]["code"].startswith("template"), run["error"]
    else:
        assert (answer.status, answer.json["problems"][0]["stepId"]) == (422, "say"), answer.body
    assert time.monotonic() - begun < _BUDGET_S


async def test_changed_delimiters_reach_no_other_tenant(server: Live, ali: Person) -> None:
    """Row 36: whatever one tenant sets, the same template of another is read as ever."""
    eve = await server.person("eve")
    await eve.call("POST", "/api/workflows", {"name": "w", "steps": [webhook("say"), said("{{=<% %>=}}<% data.x %>")]})
    run = await ali.run(await ali.save(webhook("say"), said("{{data.name}} <% data.name %>")), name="Ali")
    assert run["data"]["out"] == "[Ali <% data.name %>]"
