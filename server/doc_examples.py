"""Bodies shown in the API's description; a test holds them to the models."""

from __future__ import annotations

from typing import Any, Final

WORKFLOW: Final[dict[str, Any]] = {
    "name": "Welcome",
    "steps": [
        {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "greet"},
        {
            "id": "greet",
            "name": "Say hello",
            "type": "ACTION",
            "ref": "data.set",
            "params": {"values": {"greeting": "Hello {{data.name}}"}},
            "retry": {"maxAttempts": 3, "backoffMs": 1000},
        },
    ],
}

BODIES: Final[dict[str, Any]] = {
    "WorkflowDraft": WORKFLOW,
    "WorkflowUpdate": {**WORKFLOW, "version": 1, "tags": ["welcome"]},
    "ExecuteBody": {"data": {"email": "user@example.com", "name": "Ali"}},
    "DecideBody": {"stepId": "pay", "outcome": "done", "data": {"payment": "P-1007"}, "reason": "seen in the bank"},
    "LinkAnswer": {"outcome": "approve", "data": {"costCentre": "K7"}, "reason": "as agreed"},
    "PreviewBody": {"document": WORKFLOW, "stepId": "greet", "data": {"name": "Ali"}},
    "TryBody": {"document": WORKFLOW, "stepId": "greet", "data": {"name": "Ali"}, "timeoutMs": 10_000},
    "CancelBody": {"undo": True},
    "RerunBody": {"from": "greet", "data": {"name": "Aylin"}, "version": "latest"},
}
HOOK_BODY: Final[dict[str, Any]] = {"email": "user@example.com", "name": "Ali"}
