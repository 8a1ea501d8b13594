"""The partner of the demo: a small API on the loopback that is unreliable on purpose and remembers every call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

FAILURES = 2
"""How often `/customers` fails before it works."""


@dataclass(slots=True)
class Partner:
    """Counts calls by path and Idempotency-Key, and answers a repeated key as it did the first time."""

    url: str = ""
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    charging: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the first `/charge` is under way; it gets no answer until `let_go` is set."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def keys(self, path: str) -> list[str]:
        """The different keys that came to a path."""
        return [key for (called, key) in self.calls if called == path]

    def count(self, path: str) -> int:
        """How often a path was called."""
        return sum(times for (called, _), times in self.calls.items() if called == path)

    async def customers(self, request: web.Request) -> web.Response:
        """Fails twice, then works."""
        if self._note(request) <= FAILURES:
            return web.json_response({"message": "please try again"}, status=503)
        return web.json_response({"number": 4711}, status=201)

    async def order(self, request: web.Request) -> web.Response:
        """Reserves, charges or ships; the first `/charge` takes so long that the server can be killed meanwhile."""
        if self._note(request) == 1 and request.path == "/charge":
            self.charging.set()
            await self.let_go.wait()
        return web.json_response({"number": f"{request.path[1].upper()}-{1000 + len(request.path)}"}, status=201)

    async def page(self, request: web.Request) -> web.Response:
        """A web page that is fine."""
        self._note(request)
        return web.Response(text="all is well\n")

    def _note(self, request: web.Request) -> int:
        called = (request.path, request.headers.get("Idempotency-Key", ""))
        self.calls[called] += 1
        return self.calls[called]


@asynccontextmanager
async def partner() -> AsyncIterator[Partner]:
    """The partner, listening on a free port of 127.0.0.1."""
    it = Partner()
    app = web.Application()
    app.router.add_post("/customers", it.customers)
    app.router.add_post("/{order:reserve|charge|ship}", it.order)
    app.router.add_get("/page", it.page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        it.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield it
    finally:
        it.let_go.set()
        await runner.cleanup()
