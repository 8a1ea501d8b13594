"""Row 48: a secret in log, error, TUI, /jobs, traceback, URL, metrics, core dump is masked by value."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

from server.app import all_routes
from server.log_masking import LOGGED
from tests.security.canary import CANARY, shown_in_database, shows
from tests.security.conftest import Lines
from tests.security.echo import Echo
from tests.server.live import Live, Person, action, eventually, webhook


async def keep(ali: Person, **more: Any) -> None:
    answer = await ali.call("POST", "/api/secrets", {"name": "CANARY", "value": CANARY, **more})
    assert answer.status == 201, answer.body
    assert shows(answer.body) is None


def request_step(step_id: str, url: str, next_step: Any = None, **more: Any) -> dict[str, Any]:
    params: dict[str, Any] = {"method": "POST", "url": url, "auth": {"kind": "bearer", "token": "{{secrets.CANARY}}"}}
    params["headers"] = {"X-Key": "{{secrets.CANARY}}"}
    params["query"] = {"key": "{{secrets.CANARY}}"}
    value = {"deep": [{"key": "{{secrets.CANARY}}"}], "text": "a {{secrets.CANARY}} b"}
    params["body"] = {"kind": "json", "value": value}
    return action(step_id, "http.request", next_step, params=params, **more)


async def exercise(ali: Person, echo: Echo) -> str:
    """A workflow that uses the secret in every way, and fails with it; its run."""
    log = {"message": "said {{secrets.CANARY}} {{data.plain}}", "fields": {"k": "{{secrets.CANARY | urlencode}}"}}
    workflow = await ali.save(
        webhook("send"),
        request_step("send", echo.url("/say"), "odd"),
        request_step("odd", echo.url("/odd"), "note"),
        action("note", "core.log", "keep", params=log),
        action("keep", "data.set", "fail", params={"values": {"kept": "{{secrets.CANARY}}", "all": "{{data.body}}"}}),
        request_step("fail", echo.url("/fail"), retry={"maxAttempts": 2, "backoffMs": 1}),
    )
    run_id = await ali.start(workflow, note="{{secrets.CANARY}}")

    async def failed() -> bool:
        return bool((await ali.get(f"/api/runs/{run_id}"))["status"] == "FAILED")

    await eventually(failed)
    return run_id


async def test_no_table_answer_event_or_log_line_shows_it(server: Live, ali: Person, echo: Echo, logged: Lines) -> None:
    """Row 48, and row 49: what a service says back is masked in whatever is kept of it."""
    await keep(ali)
    run_id = await exercise(ali, echo)
    assert len(echo.heard) == 4
    assert all(CANARY in text for text in echo.heard), "the service itself must get it"
    run = await ali.get(f"/api/runs/{run_id}")
    assert run["error"]["code"] == "http_500"
    texts = {"run": json.dumps(run), "journal": json.dumps(await ali.get(f"/api/runs/{run_id}/journal"))}
    assert texts["journal"].count("••••••") > 20 or texts["journal"].count("\\u2022" * 6) > 20
    for route in all_routes():
        if route.method == "GET" and "{" not in route.path and "events" not in route.path:
            answer = await ali.call("GET", route.path)
            texts[route.path] = f"{answer.body!r} {dict(answer.headers)}"
    (job,) = await ali.get("/api/jobs")
    texts["job"] = json.dumps(job)
    texts["export"] = json.dumps(await ali.get(f"/api/workflows/{run['workflowId']}"))
    admin = server.parts.tokens.issue(await server.parts.accounts.local_user())
    metrics = await server.call("GET", "/metrics", token=admin)
    assert b'flowdesk_steps_total{family="http",outcome="failed"} 1' in metrics.body
    texts["metrics"] = metrics.body.decode()
    texts["logs"] = "\n".join(logged.lines)
    assert {where: form for where, text in texts.items() if (form := shows(text)) is not None} == {}
    assert shown_in_database(server.parts.settings.database) == []


async def test_live_events_do_not_show_it(server: Live, ali: Person, echo: Echo) -> None:
    """Row 48."""
    await keep(ali)
    workflow = await ali.save(webhook("send"), request_step("send", echo.url("/say")))
    headers = {"Authorization": f"Bearer {ali.token}"}
    heard = b""
    async with server.session.get(f"{server.url}/api/events", headers=headers) as stream:
        await ali.run(workflow)
        while b"run.succeeded" not in heard:
            heard += await stream.content.readany()
    assert b"step.succeeded" in heard
    assert shows(heard) is None


async def test_a_trial_and_a_preview_do_not_show_it(ali: Person, echo: Echo) -> None:
    """Row 48: an editor gets the mask, and the step the value."""
    await keep(ali)
    document = {"name": "w", "steps": [webhook("send"), request_step("send", echo.url("/say"))]}
    preview = await ali.call("POST", "/api/workflows/preview", {"document": document, "stepId": "send"})
    assert preview.json["problems"] == []
    assert shows(preview.body) is None
    assert echo.heard == []
    tried = await ali.call("POST", "/api/workflows/try", {"document": document, "stepId": "send"})
    assert tried.json["ok"] is True, tried.body
    assert CANARY in echo.heard[0]
    assert shows(tried.body) is None
    broken = {"name": "w", "steps": [webhook("send"), request_step("send", echo.url("/fail"))]}
    failed = await ali.call("POST", "/api/workflows/try", {"document": broken, "stepId": "send"})
    assert failed.json["error"]["code"] == "http_500"
    assert shows(failed.body) is None


async def test_a_refused_request_does_not_say_the_value_back(ali: Person, logged: Lines) -> None:
    """Row 48: bad input is named, not repeated."""
    for body in (
        {"name": "bad name!", "value": CANARY},
        {"name": "A", "value": CANARY, "hosts": ["not a host"]},
        {"name": "A", "value": CANARY, "valeu": CANARY},
        {"name": "A", "value": CANARY, "source": f"env:{CANARY}"},
        {"name": "A", "value": [CANARY]},
        {"name": "A", "connection": {"clientSecret": CANARY, "tokenUrl": f"ftp://{CANARY}"}},
    ):
        answer = await ali.call("POST", "/api/secrets", body)
        assert answer.status == 422, answer.body
        assert shows(answer.body) is None
    assert shows("\n".join(logged.lines)) is None


def test_a_traceback_does_not_show_it(logged: Lines) -> None:
    """Row 48: not even in an exception somebody else raises, in the message or in a field."""
    LOGGED.learn([CANARY])
    try:
        raise RuntimeError(f"https://host/?key={CANARY} failed for {{'token': {CANARY!r}}}")
    except RuntimeError as error:
        logging.getLogger("other.library").error("with %s", CANARY, exc_info=error, extra={"fields": {"k": CANARY}})
    (first, second) = logged.lines[-2:]
    assert "RuntimeError" in first
    assert "RuntimeError" in second
    assert shows(first + second) is None


async def test_a_handler_that_raises_with_it(server: Live, ali: Person, logged: Lines) -> None:
    """Row 48: the warning about a raising handler, and the step's error."""

    async def leaky(ctx: Any, params: Any) -> None:
        raise ValueError(f"cannot use {params.message}")

    await keep(ali)
    definition = server.parts.registry.get("core.log")
    assert definition is not None
    original = definition.handler
    object.__setattr__(definition, "handler", leaky)
    try:
        workflow = await ali.save(webhook("log"), action("log", "core.log", params={"message": "{{secrets.CANARY}}"}))
        run = await ali.run(workflow)
    finally:
        object.__setattr__(definition, "handler", original)
    assert run["error"]["message"] == "ValueError: cannot use ••••••"
    assert any("ValueError" in line for line in logged.lines)
    assert shows("\n".join(logged.lines)) is None


async def test_a_run_that_another_process_goes_on_with_still_hides_it(server: Live, ali: Person, echo: Echo) -> None:
    """Row 48: a step without secrets gets back what an earlier process sent."""
    await keep(ali)
    plain = {"url": echo.url("/say"), "method": "POST", "body": {"kind": "text", "text": "{{data.hint}}"}}
    workflow = await ali.save(
        webhook("wait"),
        action("wait", "core.sleep", "tell", params={"duration": 1}),
        action("tell", "http.request", "send", params=plain),
        request_step("send", echo.url("/say")),
    )
    run = await ali.run(workflow, hint=CANARY)
    journal = await ali.get(f"/api/runs/{run['id']}/journal")
    told = next(one for one in journal if one["type"] == "step.succeeded" and one["stepId"] == "tell")
    assert shows(json.dumps(told)) is None


def test_a_killed_server_leaves_no_memory_image() -> None:
    """Row 48: core dumps are switched off before the first secret is opened."""
    code = "from server.launch import no_core_dumps as f; import resource as r; f(); print(r.getrlimit(r.RLIMIT_CORE))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0)"


async def test_what_templates_make_of_it_is_hidden_too(ali: Person, echo: Echo) -> None:
    """Row 48: in capitals, hashed, cut to pieces and put together again, and as a service says it back."""
    await keep(ali)
    made = {
        "capitals": "{{secrets.CANARY | upper}}",
        "hash": "{{secrets.CANARY | hash}}",
        "part": "{{secrets.CANARY | slice 4 24}}",
        "pieces": '{{secrets.CANARY | split "/" | join "_"}}',
        "section": "{{#secrets.CANARY}}{{. | lower}}{{/secrets.CANARY}}",
    }
    body = {"kind": "json", "value": made}
    send = action("send", "http.request", "keep", params={"method": "POST", "url": echo.url("/say"), "body": body})
    workflow = await ali.save(webhook("send"), send, action("keep", "data.set", params={"values": made}))
    run = await ali.run(workflow)
    assert run["status"] == "SUCCESS"
    sent = json.loads(echo.heard[0].partition("\n\n")[2])
    assert sent["capitals"] == CANARY.upper()
    journal = json.dumps([run, await ali.get(f"/api/runs/{run['id']}/journal")], ensure_ascii=False)
    assert {name: value for name, value in sent.items() if value in journal} == {}


async def test_what_templates_make_of_it_goes_to_no_other_host(ali: Person, echo: Echo) -> None:
    """Row 49: a secret in capitals is bound as it is itself, in a header, an address and a body."""
    bound = {"name": "BOUND", "value": CANARY, "hosts": ["api.example.com"]}
    assert (await ali.call("POST", "/api/secrets", bound)).status == 201
    tag = "{{secrets.BOUND | upper}}"
    for params in (
        {"url": echo.url("/say"), "headers": {"X-Key": tag}},
        {"url": echo.url("/say?key=" + tag)},
        {"url": echo.url("/say"), "method": "POST", "body": {"kind": "text", "text": tag}},
    ):
        run = await ali.run(await ali.save(webhook("send"), action("send", "http.request", params=params)))
        assert (run["status"], run["error"]["code"]) == ("FAILED", "secret_host_refused")
    assert echo.heard == []
