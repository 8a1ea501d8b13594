"""Calls about what is kept for trying workflows out: samples, pins, capturing."""

from __future__ import annotations

from typing import Any, Final, Literal, cast

from flowdesk.client_http import Http, quote
from flowdesk.replies import CaptureDoc, PinDoc, SampleDoc

BASE: Final = "/api/workflows"


class Practice:
    """What can be kept with a workflow; no run in earnest uses it."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def samples(self, workflow_id: str) -> list[SampleDoc]:
        """All samples, by name."""
        return cast(list[SampleDoc], (await self._http.call("GET", self._path(workflow_id, "samples"))).body)

    async def keep_sample(
        self, workflow_id: str, name: str, data: dict[str, Any], meta: dict[str, Any] | None = None
    ) -> SampleDoc:
        """Keep what a trigger may bring under a name."""
        path = self._path(workflow_id, "samples", name)
        return cast(SampleDoc, (await self._http.call("PUT", path, body={"data": data, "meta": meta or {}})).body)

    async def forget_sample(self, workflow_id: str, name: str) -> None:
        """Forget a sample."""
        await self._http.call("DELETE", self._path(workflow_id, "samples", name))

    async def pins(self, workflow_id: str) -> list[PinDoc]:
        """All pins, by step."""
        return cast(list[PinDoc], (await self._http.call("GET", self._path(workflow_id, "pins"))).body)

    async def keep_pin(self, workflow_id: str, step_id: str, output: Any, route: str | None = None) -> PinDoc:
        """Pin an output to a step."""
        body = {"output": output, **({} if route is None else {"route": route})}
        return cast(PinDoc, (await self._http.call("PUT", self._path(workflow_id, "pins", step_id), body=body)).body)

    async def forget_pin(self, workflow_id: str, step_id: str) -> None:
        """Take a pin away."""
        await self._http.call("DELETE", self._path(workflow_id, "pins", step_id))

    async def capture(
        self, workflow_id: str, *, seconds: int = 600, address: Literal["webhook", "test"] = "webhook"
    ) -> CaptureDoc:
        """Let the next call within this time be kept as a sample instead of starting a run.

        With `test` only one of the test address is.
        """
        path = self._path(workflow_id, "capture")
        body = {"seconds": seconds} if address == "webhook" else {"seconds": seconds, "address": address}
        return cast(CaptureDoc, (await self._http.call("POST", path, body=body)).body)

    async def capturing(self, workflow_id: str) -> CaptureDoc:
        """Whether a webhook is waited for."""
        return cast(CaptureDoc, (await self._http.call("GET", self._path(workflow_id, "capture"))).body)

    async def stop_capturing(self, workflow_id: str) -> None:
        """Let webhooks start runs again."""
        await self._http.call("DELETE", self._path(workflow_id, "capture"))

    def _path(self, workflow_id: str, *parts: str) -> str:
        return "/".join([BASE, quote(workflow_id), *(quote(part) for part in parts)])
