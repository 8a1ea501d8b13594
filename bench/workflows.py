"""The workflows that are measured."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def _webhook(*, synchronous: bool, following: str) -> Document:
    params = {"respond": "result"} if synchronous else {}
    return {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": params, "next": following}


def _set(step_id: str, values: Document, following: Any = None) -> Document:
    return {"id": step_id, "ref": "data.set", "params": {"values": values}, "next": following}


def w1(*, synchronous: bool) -> Document:
    """Webhook, a templated greeting, a branch on the e-mail address, a status; the reply is the run's result."""
    return {
        "name": f"W1 {'synchronous' if synchronous else 'accepted'}",
        "steps": [
            _webhook(synchronous=synchronous, following="greet"),
            _set("greet", {"greeting": "Hello {{name}}"}, "known"),
            _known("done"),
            _set("done", {"status": "ok", "message": "{{greeting}}, mail goes to {{email}}"}),
        ],
    }


def w2(echo: str, *, synchronous: bool = True) -> Document:
    """W1 with one POST to a local echo server before the last step."""
    document = w1(synchronous=synchronous)
    document["name"] = "W2"
    document["steps"][2] = _known("tell")
    body = {"kind": "json", "value": {"email": "{{email}}", "greeting": "{{greeting}}"}}
    post = {"method": "POST", "url": f"{echo}/", "body": body}
    document["steps"].insert(3, {"id": "tell", "ref": "http.request", "params": post, "next": "done"})
    return document


def _known(following: str) -> Document:
    arrows = [{"to": following, "label": "true"}]
    return {"id": "known", "ref": "flow.if", "params": {"condition": "data.email != ''"}, "next": arrows}


def chain(length: int) -> Document:
    """So many pure steps, one after the other, each rendering one template; answered synchronously."""
    steps = [
        _set(f"s{number}", {"greeting": "Hello {{name}}"}, f"s{number + 1}" if number < length else None)
        for number in range(1, length + 1)
    ]
    return {"name": f"{length} steps", "steps": [_webhook(synchronous=True, following="s1"), *steps]}


def fan(width: int) -> Document:
    """So many parallel branches of one pure step each, between a fork and a join; answered synchronously."""
    branches = [f"b{number}" for number in range(1, width + 1)]
    steps = [_set("fork", {"name": "{{name}}"}, branches)]
    steps += [_set(branch, {"greeting": "Hello {{name}}"}, "joined") for branch in branches]
    return {
        "name": f"{width} branches",
        "steps": [_webhook(synchronous=True, following="fork"), *steps, _set("joined", {"status": "ok"})],
    }


def loop() -> Document:
    """One pure step for each item of `data.items`."""
    params = {"items": "data.items", "results": "count"}
    body = {"steps": [_set("one", {"value": "{{item}}"})]}
    each = {"id": "each", "ref": "flow.foreach", "params": params, "body": body}
    return {"name": "loop", "steps": [{"id": "start", "type": "TRIGGER", "ref": "manual", "next": "each"}, each]}


def logging_chain(length: int) -> Document:
    """A run with three events for each step."""
    steps = [
        {
            "id": f"s{number}",
            "ref": "core.log",
            "params": {"message": "step {{trigger.method}} of {{name}}"},
            "next": f"s{number + 1}" if number < length else None,
        }
        for number in range(1, length + 1)
    ]
    return {"name": "many events", "steps": [_webhook(synchronous=False, following="s1"), *steps]}


def parked() -> Document:
    """Fails once and then waits a day for its second attempt."""
    failing = {
        "id": "fails",
        "ref": "core.fail",
        "params": {"message": "not today", "retryable": True},
        "retry": {"maxAttempts": 2, "backoffMs": 86_400_000, "maxBackoffMs": 86_400_000},
    }
    return {"name": "parked", "steps": [_webhook(synchronous=False, following="fails"), failing]}


def asking() -> Document:
    """Asks somebody, and waits until they answer."""
    ask = {"id": "ask", "ref": "flow.approval", "params": {"message": "go on?", "deadline": "2d"}}
    return {"name": "asking", "steps": [_webhook(synchronous=False, following="ask"), ask]}


def retrying() -> Document:
    """Fails, and fails once more a moment later."""
    document = parked()
    document["name"] = "retrying"
    document["steps"][1]["retry"] = {"maxAttempts": 2, "backoffMs": 300}
    return document


def failing() -> Document:
    """Fails at once."""
    fails = {"id": "fails", "ref": "core.fail", "params": {"message": "as asked"}}
    return {"name": "failing", "steps": [_webhook(synchronous=False, following="fails"), fails]}


def sleeping() -> Document:
    """Holds a slot for a minute."""
    sleeps = {"id": "sleeps", "ref": "core.sleep", "params": {"duration": "60s"}}
    return {"name": "sleeping", "steps": [_webhook(synchronous=False, following="sleeps"), sleeps]}
