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
    "SchedulePreviewBody": {
        "cron": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "from": "2026-03-28T00:00:00Z",
        "limit": 3,
    },
    "PauseBody": {"reason": "the shop moves house"},
    "BackfillBody": {"from": "2026-11-20T00:00:00Z", "to": "2026-11-22T00:00:00Z"},
    "NewSecret": {"name": "CRM_TOKEN", "value": "change-me-please", "hosts": ["api.crm.example"]},
    "SecretUpdate": {"value": "the-next-value", "description": "for notes"},
    "ConnectBody": {},
    "RotateBody": {"dropOld": False},
    "SampleBody": {"data": {"name": "Ali"}},
    "PinBody": {"output": {"greeting": "Hello Ali"}},
    "CaptureBody": {"seconds": 600},
    "HookRotateBody": {"graceSeconds": 86_400},
    "MoveBody": {"version": 2},
    "Quotas": {"workflows": 100, "queued": 5000, "payloadBytes": 1_000_000},
    "EgressLists": {"allow": ["api.example.com:443", "*.partner.example"], "deny": ["203.0.113.0/24"]},
    "WorkspaceName": {"name": "Operations"},
    "RoleChange": {"role": "operator"},
    "NewInvitation": {"email": "ada@example.com", "role": "editor", "days": 7},
    "NewAccountInvitation": {"email": "ada@example.com", "days": 7},
    "Joining": {"invitation": "fdi_pM3v0s7cQ2d9yUe4Zb1xKjT8wLrNfHgA6iOuVmEaC5k"},
    "NewApiKey": {"name": "deploys", "scopes": ["workflows:read", "workflows:write"], "days": 90},
    "RerunBody": {"from": "greet", "data": {"name": "Aylin"}, "version": "latest"},
}
HOOK_BODY: Final[dict[str, Any]] = {"email": "user@example.com", "name": "Ali"}
