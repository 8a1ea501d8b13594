"""The few calls of the HTTP API that setting up and counting need; one connection, no concurrency."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

UNFINISHED: Final = ("QUEUED", "RUNNING", "WAITING")
STATUSES: Final = (*UNFINISHED, "SUCCESS", "FAILED", "CANCELLED")


class Api:
    """A caller with a token."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._token = token
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; RuntimeError with the answer when it is not a 2xx."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {raw[:500].decode('utf-8', 'replace')}")
        return json.loads(raw) if raw else None

    def create(self, workflow: dict[str, Any]) -> str:
        """Save a workflow; its id."""
        made: str = self.call("POST", "/api/workflows", workflow)["id"]
        return made

    def hook(self, workflow_id: str) -> str:
        """The address of a workflow's webhook."""
        return f"{self.url}/api/hooks/{workflow_id}"

    def any_with(self, workflow_id: str, status: str) -> bool:
        """Whether some run of the workflow has this status."""
        return bool(self.call("GET", f"/api/runs?workflowId={workflow_id}&status={status}&limit=1"))

    def wait_finished(self, workflow_id: str, within_s: float, statuses: tuple[str, ...] = UNFINISHED) -> float:
        """Seconds until no run of the workflow has one of these statuses; RuntimeError when that takes too long."""
        begun = time.perf_counter()
        while any(self.any_with(workflow_id, status) for status in statuses):
            if time.perf_counter() - begun > within_s:
                raise RuntimeError(f"runs of {workflow_id} still unfinished after {within_s:.0f} s")
            time.sleep(0.005)
        return time.perf_counter() - begun

    def expect_only(self, workflow_id: str, status: str) -> None:
        """RuntimeError unless the workflow has runs, and all of them have this status."""
        found = [other for other in STATUSES if self.any_with(workflow_id, other)]
        if found != [status]:
            raise RuntimeError(f"runs of {workflow_id} are {found} instead of {status}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
