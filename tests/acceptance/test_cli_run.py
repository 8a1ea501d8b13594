"""Starting runs, watching them, and what becomes of failures."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import Any

import pytest

from tests.acceptance.command import Ended, Home, end, eventually, read_until

START = {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "work"}


def _flow(name: str, *steps: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "steps": [START, *steps]}


GREET = _flow(
    "Greet",
    {"id": "work", "ref": "data.set", "params": {"values": {"greeting": "Hello {{name}}"}}, "next": "say"},
    {"id": "say", "ref": "core.log", "params": {"message": "{{greeting}}"}},
)
BREAK = _flow(
    "Break",
    {"id": "work", "ref": "core.log", "params": {"message": "before"}, "next": "check"},
    {
        "id": "check",
        "ref": "core.assert",
        "params": {"condition": "has(data.ok) && data.ok"},
        "next": "after",
    },
    {"id": "after", "ref": "core.log", "params": {"message": "after"}},
)
STUBBORN = _flow(
    "Stubborn",
    {
        "id": "work",
        "ref": "core.fail",
        "params": {"message": "not today", "code": "closed", "retryable": True},
        "retry": {"maxAttempts": 2, "backoffMs": 50},
    },
)
SLEEP = _flow("Sleep", {"id": "work", "ref": "core.sleep", "params": {"duration": "45s"}})


@pytest.fixture(scope="module")
def flows(served: Home) -> Home:
    """The home with these workflows in it."""
    for document in (GREET, BREAK, STUBBORN, SLEEP):
        served.flowdesk("apply", served.write(f"{document['name']}.json", document))
    return served


def _plain(text: str) -> list[str]:
    """The lines of a log without their times."""
    return [re.sub(r"^\d\d:\d\d:\d\d\.\d\d\d ", "", line) for line in text.splitlines()]


def test_following_a_run_tells_its_story(flows: Home) -> None:
    ran = flows.flowdesk("run", "Greet", "--data", '{"name": "Ada"}', "--follow")
    assert (ran.code, ran.err) == (0, "")
    lines = _plain(ran.out)
    assert re.fullmatch(r" +│ run [0-9a-z]{26} started by hand", lines[0])
    assert "say   │ Hello Ada" in lines
    assert any(re.fullmatch(r"say   │ \[3/3\] done( in .*)?", line) for line in lines)
    assert re.fullmatch(r" +│ SUCCESS in .*", lines[-1])


def test_a_file_can_be_run_at_once(flows: Home) -> None:
    file = flows.write("direct.json", _flow("Direct", {"id": "work", "ref": "core.log", "params": {"message": "x"}}))
    ran = flows.flowdesk("run", file, "-f")
    assert ran.code == 0
    assert "created Direct" in ran.err
    again = flows.flowdesk("run", file, "-f")
    assert (again.code, again.err) == (0, "")
    broken = flows.flowdesk("run", flows.write("broken.json", _flow("Broken", {"id": "work", "ref": "no.such"})))
    assert broken.code == 1
    assert "broken.json" in broken.err
    assert "no.such" in broken.err


def test_a_failed_run_has_code_1_and_says_how_to_go_on(flows: Home) -> None:
    ran = flows.flowdesk("run", "Break", "-f")
    assert ran.code == 1
    lines = _plain(ran.out)
    assert any(line.startswith("check │ [3/4] failed: ") for line in lines)
    assert "FAILED in " in lines[-1]
    assert "at step check" in lines[-1]
    run_id = re.findall(r"run ([0-9a-z]{26})", ran.out)[0]
    assert f"flowdesk rerun {run_id} --from check" in ran.err

    again = flows.flowdesk("rerun", run_id, "--from", "check", "--data", '{"ok": true}', "-f")
    assert again.code == 0
    assert "work  │ [2/4] taken over from the run before" in _plain(again.out)
    shown = flows.flowdesk("runs", "Break", "--trigger", "rerun", "--json").json
    assert shown[0]["parentRunId"] == run_id


def test_attempts_and_pauses_are_told(flows: Home) -> None:
    ran = flows.flowdesk("run", "Stubborn", "-f")
    assert ran.code == 1
    assert [line for line in _plain(ran.out) if line.startswith("work")] == [
        "work  │ started",
        "work  │ failed: not today (closed)",
        "work  │ attempt 2 follows in 50 ms",
        "work  │ attempt 2 started",
        "work  │ [2/2] failed: not today (closed)",
    ]


def test_events_as_json_lines(flows: Home) -> None:
    ran = flows.flowdesk("run", "Greet", "--data", '{"name": "Ada"}', "-f", "--json")
    events = ran.records
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["type"], events[-1]["type"]) == ("run.started", "run.succeeded")
    assert ran.err == ""


def test_waiting_gives_the_finished_run(flows: Home) -> None:
    ran = flows.flowdesk("run", "Greet", "--data", '{"name": "Ada"}', "--wait", "--json")
    assert ran.json["status"] == "SUCCESS"
    assert ran.json["data"]["greeting"] == "Hello Ada"
    failed = flows.flowdesk("run", "Break", "--wait")
    assert failed.code == 1
    assert failed.out.startswith("FAILED")


def test_patience_has_an_end_and_the_run_goes_on(flows: Home) -> None:
    ran = flows.flowdesk("run", "Sleep", "--wait", "--timeout", "0.3")
    assert ran.code == 8
    run_id = re.findall(r"[0-9a-z]{26}", ran.err)[0]
    assert flows.flowdesk("show", run_id, "--json").json["status"] in ("RUNNING", "WAITING")
    cancelled = flows.flowdesk("cancel", run_id)
    assert cancelled.code == 0
    done = eventually(lambda: _finished(flows, run_id))
    assert done["status"] == "CANCELLED"
    assert flows.flowdesk("logs", run_id, "-f").code == 1
    again = flows.flowdesk("cancel", run_id)
    assert again.code in (0, 6)


def _finished(home: Home, run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = home.flowdesk("show", run_id, "--json").json
    return run if run["finishedAt"] else None


def test_without_follow_the_run_is_only_named(flows: Home) -> None:
    ran = flows.flowdesk("run", "Greet", "--data", '{"name": "Ada"}')
    assert ran.code == 0
    run_id = re.findall(r"[0-9a-z]{26}", ran.out)[0]
    assert f"flowdesk logs {run_id} -f" in ran.err
    logged = flows.flowdesk("logs", run_id, "-f")
    assert logged.code == 0
    assert flows.flowdesk("logs", run_id).out == logged.out
    assert flows.flowdesk("run", "Greet", "--json").json["workflowName"] == "Greet"


def test_the_same_key_starts_no_second_run(flows: Home) -> None:
    """R6: the idempotency key goes to the server, which answers with the first run."""
    first, second = (flows.flowdesk("run", "Greet", "--key", "k-1", "--json").json["id"] for _ in range(2))
    assert first == second


def test_data_from_a_file_and_from_standard_input(flows: Home) -> None:
    flows.write("who.json", {"name": "File"})
    assert "Hello File" in flows.flowdesk("run", "Greet", "--data", "@who.json", "-f").out
    assert "Hello Stdin" in flows.flowdesk("run", "Greet", "--data", "-", "-f", stdin='{"name": "Stdin"}').out


def test_the_log_of_a_workflow_s_newest_runs(flows: Home) -> None:
    for name in ("one", "two"):
        flows.flowdesk("run", "Greet", "--data", json.dumps({"name": name}), "--wait")
    logged = flows.flowdesk("logs", "Greet", "--limit", "2")
    assert logged.code == 0
    assert logged.out.index("Hello one") < logged.out.index("Hello two")
    assert logged.out.count("SUCCESS") == 2
    assert len(flows.flowdesk("logs", "Greet", "--limit", "2", "--json").json) == 2


def test_following_a_workflow_shows_runs_as_they_come_until_ctrl_c(flows: Home) -> None:
    watching = flows.spawn("logs", "Greet", "-f")
    assert watching.stderr is not None
    assert b"waiting for runs of Greet" in watching.stderr.readline()
    # The line above comes just before the stream is open; later runs are sure to be seen.
    eventually(lambda: _ran_and_seen(flows, watching))
    left = end(watching, signal.SIGINT)
    assert left.code == 130
    assert "Traceback" not in left.err


def _ran_and_seen(home: Home, watching: subprocess.Popen[bytes]) -> bool:
    import select

    home.flowdesk("run", "Greet", "--data", '{"name": "Watcher"}', "--wait")
    assert watching.stdout is not None
    if not select.select([watching.stdout], [], [], 0.5)[0]:
        return False
    assert "Greet run" in read_until(watching, "SUCCESS in")
    return True


def test_ctrl_c_leaves_the_run_alone(flows: Home) -> None:
    following = flows.spawn("run", "Sleep", "-f")
    run_id = re.findall(r"run ([0-9a-z]{26})", read_until(following, "started by hand"))[0]
    left = end(following, signal.SIGINT)
    assert left.code == 130
    assert f"flowdesk logs {run_id} -f" in left.err
    assert flows.flowdesk("show", run_id, "--json").json["finishedAt"] is None
    flows.flowdesk("cancel", run_id)


def test_parked_failures_can_be_listed_and_tried_again(flows: Home) -> None:
    """Row 31: retrying by hand reopens the run; retrying what is not parked is a conflict."""
    run_id = flows.flowdesk("run", "Break", "--wait", "--json").json["id"]
    (job,) = flows.flowdesk("jobs", "--run", run_id, "--status", "failed", "--json").json
    listed = flows.flowdesk("jobs", "Break")
    assert job["id"] in listed.out
    tried = flows.flowdesk("retry", job["id"], "-f")
    assert tried.code == 1
    assert "opened again to retry step check" in tried.out
    assert flows.flowdesk("retry", "0" * 26).code == 5
    other = flows.flowdesk("jobs", "--run", run_id, "--json").json
    assert [item["status"] for item in other].count("FAILED") == 1


def test_runs_are_filtered(flows: Home) -> None:
    flows.flowdesk("run", "Greet", "--wait")
    flows.flowdesk("run", "Break", "--wait")
    failed = flows.flowdesk("runs", "--status", "failed", "--json", "--limit", "500").json
    assert failed
    assert {run["status"] for run in failed} == {"FAILED"}
    greet = flows.flowdesk("runs", "Greet", "--limit", "500", "--json").json
    assert {run["workflowName"] for run in greet} == {"Greet"}
    table = flows.flowdesk("runs", "Greet", "--limit", "500").out
    assert all(run["id"] in table for run in greet)
    assert flows.flowdesk("runs", "--until", "1w", "--json").json == []
    assert flows.flowdesk("runs", "--since", "1h", "--json", "--limit", "1").json


def test_a_run_is_shown_with_its_steps(flows: Home) -> None:
    run = flows.flowdesk("run", "Break", "--wait", "--json").json
    shown = flows.flowdesk("show", run["id"])
    assert shown.code == 0
    for word in (run["id"], "check", "core.assert", "FAILED", "after", "CANCELLED"):
        assert word in shown.out


@pytest.mark.parametrize(
    "arguments", ["show ID", "logs ID", "cancel ID", "rerun ID", "decide ID done", "logs -f ID", "retry ID"]
)
def test_unknown_runs_and_jobs_are_not_found(arguments: str, flows: Home) -> None:
    """It is named, and so is the command that lists the others."""
    unknown = "0" * 26
    kind = "job" if arguments.startswith("retry") else "run"
    ended: Ended = flows.flowdesk(*arguments.replace("ID", unknown).split())
    assert (ended.code, ended.out) == (5, "")
    assert ended.err == f"flowdesk: there is no {kind} '{unknown}'\n  flowdesk {kind}s lists them\n"


def test_a_step_cannot_write_to_the_terminal(flows: Home) -> None:
    """Rows 52 and 53: control characters in data are shown, and no step writes a line of its own making."""
    evil = "\x1b]0;pwned\x07 \x1b[2J\n12:00:00.000 say   │ forged \u202e"
    ran = flows.flowdesk("run", "Greet", "--data", json.dumps({"name": evil}), "-f")
    assert ran.code == 0
    assert not set(ran.out) & set("\x1b\x07\u202e")
    assert "␛]0;pwned␇" in ran.out
    assert all(re.match(r"(\d\d:\d\d:\d\d\.\d{3}| {12}) .{5} │ ", line) for line in ran.out.splitlines())
    machine = flows.flowdesk("run", "Greet", "--data", json.dumps({"name": evil}), "--wait", "--json")
    assert not set(machine.out) & set("\x1b\x07\u202e")
    assert machine.json["trigger"]["data"]["name"] == evil
