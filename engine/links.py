"""Addresses by which people answer what a run asks without an account, for messages that steps send."""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

from engine.plan import Plan

PATH: Final = "/api/answers/"
"""Where such an address leads, before its token."""
_TOKEN: Final = re.compile(rf"({re.escape(PATH)})[A-Za-z0-9._~-]+")
_HIDDEN: Final = r"\1••••••"


class Links(Protocol):
    """Makes addresses that only this installation can make."""

    def url(self, run_id: str, step_id: str) -> str | None:
        """Where the step's question can be answered once; None when nobody knows what this server is called."""


def wait_links(plan: Plan, run_id: str, links: Links | None) -> dict[str, dict[str, str]]:
    """What templates see as `run.waits`: an address for each step that may wait for somebody."""
    if links is None:
        return {}
    found = {step.id: links.url(run_id, step.id) for step in plan.waiting}
    return {step_id: {"url": url} for step_id, url in found.items() if url is not None}


def hide_links(value: Any) -> Any:
    """The value with the tokens of such addresses replaced, for everything that is shown; shares what is unchanged."""
    if isinstance(value, str):
        return _TOKEN.sub(_HIDDEN, value) if PATH in value else value
    if isinstance(value, dict):
        return {key: hide_links(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide_links(item) for item in value]
    return value
