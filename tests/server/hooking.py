"""Somebody who saves a workflow that takes a moment, and calls its webhook until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.server.process import Served

FLOW = {
    "name": "Slow",
    "steps": [
        {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "wait"},
        {"id": "wait", "ref": "core.sleep", "params": {"duration": "300ms"}, "next": "done"},
        {"id": "done", "ref": "core.log", "params": {"message": "done"}},
    ],
}
WITHIN_S = 30


class Hooks:
    """Calls a server's webhook; `accepted` are the runs it was promised."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self.accepted: list[str] = []
        self.enough = asyncio.Event()

    @asynccontextmanager
    async def calling(self, *, enough: int = 200, at_once: int = 8) -> AsyncIterator[None]:
        """While several callers call one after another; inside, `enough` have been accepted."""
        workflow_id = await self._apply()
        callers = [asyncio.create_task(self._call(workflow_id, enough)) for _ in range(at_once)]
        try:
            async with asyncio.timeout(WITHIN_S):
                await self.enough.wait()
            yield
        finally:
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

    async def _apply(self) -> str:
        headers = {"Authorization": f"Bearer {self._server.state['token']}"}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self._server.url}/api/workflows", json=FLOW, headers=headers) as response,
        ):
            assert response.status == 201, await response.text()
            return str((await response.json())["id"])

    async def _call(self, workflow_id: str, enough: int) -> None:
        async with aiohttp.ClientSession() as client:
            while True:
                async with client.post(f"{self._server.url}/api/hooks/{workflow_id}", json={"n": 1}) as response:
                    assert response.status == 202
                    self.accepted.append((await response.json())["runId"])
                if len(self.accepted) >= enough:
                    self.enough.set()


async def until_all_ended(server: Served) -> None:
    """Wait until no run of this server is unfinished."""
    headers = {"Authorization": f"Bearer {server.state['token']}"}
    async with aiohttp.ClientSession(headers=headers) as client, asyncio.timeout(WITHIN_S):
        while await _unfinished(client, server.url):  # noqa: ASYNC110 - another process works on it
            await asyncio.sleep(0.05)


async def _unfinished(client: aiohttp.ClientSession, url: str) -> bool:
    for status in ("QUEUED", "RUNNING", "WAITING"):
        async with client.get(f"{url}/api/runs", params={"status": status, "limit": "1"}) as response:
            if await response.json():
                return True
    return False
