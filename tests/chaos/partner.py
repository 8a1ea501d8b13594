"""The service the workflow calls: it takes its time, refuses now and then, and remembers every call."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

JUST_NOW_S: Final = 0.5


@dataclass(slots=True, frozen=True)
class Call:
    """One request as it came in."""

    at: float
    step: str
    order: str
    key: str
    status: int


@dataclass
class Partner:
    """`POST /reserve` and `POST /charge`; of the second it refuses a share."""

    dice: random.Random
    slowest_s: float = 0.03
    refused: float = 0.2
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    charged: dict[str, float] = field(default_factory=dict)
    _rang: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        """Note the call, then answer after a while."""
        step = request.match_info["step"]
        body: dict[str, Any] = await request.json()
        order = body["order"]
        status = 503 if step == "charge" and self.dice.random() < self.refused else 200
        self.calls.append(Call(time.time(), step, order, request.headers["Idempotency-Key"], status))
        if step == "charge" and status == 200:
            self.charged.setdefault(order, time.time())
        async with self._rang:
            self._rang.notify_all()
        await asyncio.sleep(self.dice.random() * self.slowest_s)
        return web.json_response({"state": step}, status=status)

    async def wait_for(self, enough: Callable[[], bool], within_s: float = 10) -> None:
        """Until the calls there are suffice."""
        async with asyncio.timeout(within_s), self._rang:
            await self._rang.wait_for(enough)

    def open_orders(self, orders: list[str]) -> list[str]:
        """Those of the orders that may have a step under way: not charged, or charged a moment ago."""
        just_now = time.time() - JUST_NOW_S
        return [order for order in orders if self.charged.get(order, just_now + 1) > just_now]


@asynccontextmanager
async def partner(seed: int, slowest_s: float = 0.03) -> AsyncIterator[Partner]:
    """Serve until the end of the block."""
    found = Partner(random.Random(seed), slowest_s)
    app = web.Application()
    app.router.add_post("/{step:reserve|charge}", found.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield found
    finally:
        await runner.cleanup()


def workflow(url: str, retry: dict[str, Any] | None = None) -> dict[str, Any]:
    """An order: reserved, then charged with patience, and computed steps before, between and after."""
    patience = retry or {"maxAttempts": 50, "backoffMs": 100, "factor": 1.2, "maxBackoffMs": 1000}

    def call(step: str, following: str, **more: Any) -> dict[str, Any]:
        body = {"kind": "json", "value": {"order": "{{order}}"}}
        params = {"method": "POST", "url": f"{url}/{step}", "body": body}
        return {"id": step, "ref": "http.request", "params": params, "next": following, **more}

    def compute(step: str, following: str) -> dict[str, Any]:
        return {"id": step, "ref": "data.set", "params": {"values": {step: "{{order}}"}}, "next": following}

    return {
        "name": "orders",
        "steps": [
            {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "prepare"},
            compute("prepare", "reserve"),
            call("reserve", "price"),
            compute("price", "charge"),
            call("charge", "tell", retry=patience),
            {"id": "tell", "ref": "core.log", "params": {"message": "{{order}} is paid"}},
        ],
    }
