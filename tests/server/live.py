"""A whole FlowDesk on a real socket with a real database, and people who use it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from engine.clock import now_ms
from engine.ids import new_id
from engine.models.run import Role, User
from engine.store import Store
from server.app import create_app
from server.compose import Parts, compose
from server.settings import Settings
from tests.server.wire import served

T = TypeVar("T")
UNKNOWN = "0" * 26


@dataclass(slots=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, whose form is checked on the way."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json
        assert problem["type"] == f"urn:flowdesk:problem:{problem['code']}"
        assert problem["status"] == self.status
        assert problem["requestId"] == self.headers["X-Request-Id"]
        return str(problem["code"])


@dataclass(slots=True)
class Live:
    """A running server."""

    url: str
    parts: Parts
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `raw` bytes instead of a JSON `body`."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        data = raw
        if body is not None:
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        skip = {"Content-Type"}
        async with self.session.request(
            method, self.url + path, data=data, headers=sent, skip_auto_headers=skip, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def person(self, name: str, role: Role = Role.USER) -> Person:
        """Somebody with an account and a token."""
        user = User(new_id(), f"{name}@example.com", "-", role, now_ms())
        await self.parts.store.users.create(user)
        return Person(self, user, self.parts.tokens.issue(user))


@dataclass(slots=True)
class Person:
    """Somebody who is logged in."""

    live: Live
    user: User
    token: str = field(repr=False)

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """One request with this person's token."""
        return await self.live.call(method, path, body, token=self.token, **more)

    async def get(self, path: str) -> Any:
        """The JSON of a GET that works."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    async def save(self, *steps: dict[str, Any], **more: Any) -> str:
        """The id of a new workflow of these steps."""
        answer = await self.call("POST", "/api/workflows", {"name": "w", "steps": list(steps), **more})
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    async def run(self, workflow_id: str, **data: Any) -> Any:
        """A run, finished."""
        answer = await self.call("POST", f"/api/workflows/{workflow_id}/execute?wait=true", {"data": data})
        assert answer.status == 200, answer.body
        return answer.json

    async def start(self, workflow_id: str, **data: Any) -> str:
        """The id of a run, accepted."""
        answer = await self.call("POST", f"/api/workflows/{workflow_id}/execute", {"data": data})
        assert answer.status == 202, answer.body
        return str(answer.json["id"])


@asynccontextmanager
async def live(directory: Path, *, store: Store | None = None, **settings: Any) -> AsyncIterator[Live]:
    """Serve until the end of the block, from this store or the one of the settings."""
    defaults: dict[str, Any] = {
        "bcrypt_cost": 10,
        "start_scheduler": False,
        "egress_allow": ("127.0.0.1",),
        "grace_s": 2,
    }
    chosen = Settings(data_dir=directory, **{**defaults, **settings})
    os.makedirs(directory, exist_ok=True)  # noqa: PTH103 - a moment before anything else runs
    parts = compose(chosen, store=store)
    async with (
        served(create_app(parts), chosen) as port,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
    ):
        yield Live(f"http://127.0.0.1:{port}", parts, session)


async def eventually(look: Callable[[], Awaitable[T | None]], within_s: float = 30) -> T:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(within_s):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.01)


def freeze(server: Live) -> None:
    """Let no time pass for failed logins, however slow the machine is."""
    accounts = server.parts.accounts
    for backoff in (accounts._per_account, accounts._per_address, accounts._everywhere):
        backoff._clock = lambda: 1000.0


def webhook(next_step: str | None = None, **params: Any) -> dict[str, Any]:
    """A webhook trigger."""
    return {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": params, "next": next_step}


def action(step_id: str, ref: str, next_step: Any = None, **more: Any) -> dict[str, Any]:
    """A step that works."""
    return {"id": step_id, "type": "ACTION", "ref": ref, "next": next_step, **more}


def greet(step_id: str = "greet", next_step: Any = None) -> dict[str, Any]:
    """A step that makes a greeting."""
    return action(step_id, "data.set", next_step, params={"values": {"greeting": "Hello {{data.name}}"}})


def sleep(step_id: str = "sleep", ms: int = 60_000, next_step: Any = None) -> dict[str, Any]:
    """A step that takes its time."""
    return action(step_id, "core.sleep", next_step, params={"duration": ms})


def fail(step_id: str = "boom", **more: Any) -> dict[str, Any]:
    """A step that fails."""
    return action(step_id, "core.fail", params={"message": "as asked"}, **more)
