"""A workflow as the server gives it and as people write it, for the tests of editing."""

from __future__ import annotations

from typing import Any

SOURCE = """\
# What happens with an order
name: Order intake
description: ""
enabled: true
tags: []
steps:
  - id: order  # comes from the shop
    type: TRIGGER
    ref: http.webhook
    next: reserve
  # takes it from the shelf
  - id: reserve
    ref: http.request
    params:
      url: https://shop.example.com/{{order}}
    next:
      - to: ship
        when: steps.reserve.body.ok
      - to: wait
        otherwise: true
  - id: ship  # the end
    ref: core.log
    params:
      message: "goes out: {{steps.reserve.id}}"
  - id: wait
    ref: core.log
    params:
      message: has to wait
"""


def saved(**changed: Any) -> dict[str, Any]:
    """The saved workflow, version 4."""
    return {
        "id": "wf_1",
        "ownerId": "u_1",
        "version": 4,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        **body(),
        **changed,
    }


def body() -> dict[str, Any]:
    """What can be edited of it."""
    return {
        "name": "Order intake",
        "description": "",
        "enabled": True,
        "tags": [],
        "steps": [
            {"id": "order", "type": "TRIGGER", "ref": "http.webhook", "next": "reserve"},
            {
                "id": "reserve",
                "ref": "http.request",
                "params": {"url": "https://shop.example.com/{{order}}"},
                "next": [{"to": "ship", "when": "steps.reserve.body.ok"}, {"to": "wait", "otherwise": True}],
            },
            {"id": "ship", "ref": "core.log", "params": {"message": "goes out: {{steps.reserve.id}}"}},
            {"id": "wait", "ref": "core.log", "params": {"message": "has to wait"}},
        ],
    }


def step(document: dict[str, Any], step_id: str) -> dict[str, Any]:
    """One step of a document."""
    return next(found for found in document["steps"] if found["id"] == step_id)
