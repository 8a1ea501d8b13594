"""The family `http`: requests out, webhooks in."""

from __future__ import annotations

from typing import Final

from engine.sdk import Example, Steps
from plugins.http.client import open_client
from plugins.http.params import MAX_TIMEOUT_MS, RequestParams
from plugins.http.request import request
from plugins.http.respond import RespondParams, respond
from plugins.http.webhook import WebhookParams

steps = Steps("http", lifespan=open_client)

steps.trigger(
    "webhook",
    WebhookParams,
    title="Webhook",
    description=(
        "Starts a run when somebody calls `/api/hooks/{workflow id}`.\n"
        "A JSON object in the body becomes the run's data, any other body is `data.body`. Method, headers, query and\n"
        "the raw text are under `trigger`. Calls with the same `Idempotency-Key` get the same run."
    ),
    examples=(
        Example("Answer at once, work afterwards", {}, runnable=False),
        Example(
            "Answer with the result of the run",
            {"respond": "result", "timeoutMs": 10_000, "methods": ["GET", "POST"]},
            runnable=False,
        ),
    ),
)

_REQUEST_EXAMPLES: Final = (
    Example(
        "Send JSON with a token",
        {
            "method": "POST",
            "url": "https://api.example.com/customers/{{data.id}}/notes",
            "auth": {"kind": "bearer", "token": "{{data.token}}"},
            "body": {"kind": "json", "value": {"text": "Hello {{data.name}}"}},
        },
        {"id": "c 1", "token": "t0ken", "name": "Ali"},
        {"status": 201, "headers": {"content-type": "application/json"}, "body": {"id": 7}},
        runnable=False,
    ),
    Example(
        "Ask with a query, and take 404 for an answer",
        {
            "url": "https://api.example.com/search",
            "query": {"q": "{{data.name}}", "tag": ["a", "b"]},
            "expectedStatus": ["2xx", "404"],
            "timeoutMs": 5000,
        },
        {"name": "Ali"},
        runnable=False,
    ),
    Example(
        "Upload a file",
        {
            "method": "PUT",
            "url": "https://files.example.com/inbox",
            "auth": {"kind": "basic", "username": "ali", "password": "{{data.password}}"},
            "body": {
                "kind": "multipart",
                "fields": {"folder": "2026"},
                "files": [{"field": "file", "filename": "note.txt", "contentType": "text/plain", "text": "Hello"}],
            },
        },
        {"password": "secret"},
        runnable=False,
    ),
)

# Its own limit holds; the step's must only be longer than any of them.
steps.action(
    "request",
    RequestParams,
    title="HTTP request",
    effect="idempotent",
    url_fields=("url",),
    timeout_ms=MAX_TIMEOUT_MS + 10_000,
    secret_fields=frozenset({"auth"}),
    checks_hosts=True,
    examples=_REQUEST_EXAMPLES,
)(request)

steps.action(
    "respond",
    RespondParams,
    title="HTTP response",
    effect="pure",
    instant=True,
    replies=True,
    examples=(
        Example(
            "Created, with a message",
            {"status": 201, "headers": {"X-Greeting": "hello"}, "body": {"message": "Hello {{name}}"}},
            {"name": "Ali"},
            {"status": 201, "headers": {"X-Greeting": "hello"}, "body": {"message": "Hello Ali"}},
        ),
    ),
)(respond)
