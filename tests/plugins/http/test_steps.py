"""What the family declares."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.plugins.support import checked, definition


def test_webhook_defaults_and_bounds() -> None:
    params = checked("http.webhook", {})
    assert (params.respond, params.timeout_ms, params.methods) == ("accepted", 30_000, ["POST"])


@pytest.mark.parametrize(
    "params", [{"respond": "later"}, {"timeoutMs": 30_001}, {"timeoutMs": 0}, {"methods": []}, {"methods": ["TRACE"]}]
)
def test_webhook_refuses(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked("http.webhook", params)


def test_request_declares_what_the_engine_must_know() -> None:
    request = definition("http.request")
    assert (request.effect, request.url_fields, request.instant) == ("idempotent", ("url",), False)
    assert request.secret_fields == {"auth"}  # credentials stay out of the journal
    assert request.timeout_ms is not None
    assert request.timeout_ms > 600_000  # the longest of its own limits fits in


def test_respond_answers_and_is_free_to_repeat() -> None:
    respond = definition("http.respond")
    assert (respond.replies, respond.effect, respond.instant) == (True, "pure", True)
