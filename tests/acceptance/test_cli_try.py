"""One step of a workflow alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.command import Home

FLOW: dict[str, Any] = {
    "name": "Greetings",
    "steps": [
        {"id": "greet", "ref": "data.set", "params": {"values": {"greeting": "Hello {{name}}"}}, "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "{{greeting}}\u202e", "fields": {"token": "{{name}}"}}},
    ],
}


@pytest.fixture(scope="module")
def saved(served: Home) -> Home:
    """The home with the workflow saved, and in a file."""
    served.flowdesk("apply", served.write("flow.json", FLOW))
    return served


def test_a_step_of_a_file_is_executed_and_nothing_is_saved(saved: Home) -> None:
    draft = {**FLOW, "name": "Never saved"}
    data = '{"greeting": "Hi", "name": "secret"}'
    ran = saved.flowdesk("try", saved.write("draft.json", draft), "--step", "say", "--data", data)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].endswith(" Hi⟨U+202E⟩")
    assert lines[1].startswith("done in ")
    assert '"token": "••••••"' in ran.out
    assert saved.flowdesk("show", "Never saved").code == 5
    assert saved.flowdesk("runs", "--json").json == []


def test_a_step_sees_what_it_saw_in_a_run(saved: Home) -> None:
    run = saved.flowdesk("run", "Greetings", "--data", '{"name": "Ada"}', "--wait", "--json").json
    tried = saved.flowdesk("try", "Greetings", "--step", "say", "--run", run["id"], "--json")
    assert tried.json["params"]["message"].startswith("Hello Ada")
    rendered = saved.flowdesk("try", "Greetings", "--step", "say", "--run", run["id"], "--render")
    assert (rendered.code, '"message": "Hello Ada' in rendered.out) == (0, True)
    missing = saved.flowdesk("try", "Greetings", "--step", "greet", "--render", "--json")
    assert (missing.code, missing.json["problems"][0]["code"]) == (0, "missing_name")


def test_what_goes_wrong_is_said(saved: Home) -> None:
    failing = {"name": "F", "steps": [{"id": "a", "ref": "core.fail", "params": {"message": "no \u001b[31m"}}]}
    failed = saved.flowdesk("try", saved.write("fail.json", failing), "--step", "a")
    assert failed.code == 1
    assert "failed in" in failed.out
    assert "\x1b" not in failed.out
    assert saved.flowdesk("try", "Greetings", "--step", "nobody").code == 1
    assert saved.flowdesk("try", "Greetings", "--step", "say", "--data", "{}", "--run", "x").code == 2
    assert saved.flowdesk("try", "Greetings").code == 2
    failing["steps"] = [{"id": "a", "ref": "core.log", "params": {"message": "{{#x}}"}}]
    broken = saved.flowdesk("try", saved.write("broken.json", failing), "--step", "a", "--render", "--json")
    assert broken.code == 1
    assert json.dumps("params.message") in broken.out
