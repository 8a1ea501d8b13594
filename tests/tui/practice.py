"""What a scripted server keeps for trying a workflow out: samples, pins, and one webhook that is waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.tui.scripted import Request
from tests.tui.world import NOW, World, ago


class Kept:
    """Answers all calls of `client.practice`, for whatever workflow."""

    def __init__(self, world: World) -> None:
        self.samples: dict[str, dict[str, Any]] = {}
        self.pins: dict[str, dict[str, Any]] = {}
        self.until: str | None = None
        self.started: list[dict[str, Any]] = []
        on = world.http.on
        on("GET", "/api/workflows/{}/samples", lambda r: list(self.samples.values()))
        on("PUT", "/api/workflows/{}/samples/{}", self._keep_sample)
        on("GET", "/api/workflows/{}/pins", lambda r: list(self.pins.values()))
        on("PUT", "/api/workflows/{}/pins/{}", self._keep_pin)
        on("DELETE", "/api/workflows/{}/pins/{}", lambda r: self.pins.pop(r.found[1], None) and None)
        on("GET", "/api/workflows/{}/capture", lambda r: {"until": self.until})
        on("POST", "/api/workflows/{}/capture", self._capture)
        on("DELETE", "/api/workflows/{}/capture", self._stop)

    def sample(self, name: str, data: dict[str, Any], **meta: Any) -> None:
        """A sample is kept."""
        self.samples[name] = {"name": name, "at": ago(minutes=len(self.samples)), "data": data, "meta": meta}

    def pin(self, step_id: str, output: Any, route: str | None = None) -> dict[str, Any]:
        """An output is pinned."""
        self.pins[step_id] = {"stepId": step_id, "at": ago(), "output": output, "route": route}
        return self.pins[step_id]

    def webhook(self, name: str, data: dict[str, Any]) -> None:
        """The webhook comes that is waited for."""
        self.until = None
        self.sample(name, data)

    def _keep_sample(self, request: Request) -> dict[str, Any]:
        self.sample(request.found[1], request.body["data"])
        return self.samples[request.found[1]]

    def _keep_pin(self, request: Request) -> dict[str, Any]:
        return self.pin(request.found[1], request.body["output"], request.body.get("route"))

    def _capture(self, request: Request) -> dict[str, Any]:
        self.until = (NOW + timedelta(seconds=request.body["seconds"])).isoformat()
        return {"until": self.until}

    def _stop(self, request: Request) -> None:
        self.until = None
