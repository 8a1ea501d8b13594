"""An HTTP service that says back what it was sent: plain, encoded, cut, in headers, statuses and redirects."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web


@dataclass
class Echo:
    """The service; `heard` are its requests as one text each."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """An address of the service."""
        return f"http://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What was heard, back."""
        body = await request.text()
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        text = f"{request.method} {request.path_qs}\n{headers}\n\n{body}"
        self.heard.append(text)
        credential = request.headers.get("Authorization", "").removeprefix("Bearer ") or body
        match request.path:
            case "/to":
                return web.Response(status=307, headers={"Location": request.query["where"]})
            case "/fail":
                return web.Response(status=500, text=f"cannot use {credential}", reason=f"No {credential[:20]}")
            case "/odd":
                return web.Response(body=b"\xff\xfe" + credential.encode(), content_type="application/octet-stream")
        said = {
            "plain": text,
            credential or "nothing": "as a key",
            "base64": base64.b64encode(text.encode()).decode(),
            "url": quote(text, safe=""),
            "json": json.dumps({"inner": json.dumps(text)}),
            "cut": credential[: len(credential) // 2],
            "rest": credential[len(credential) // 2 :],
            "hex": credential.encode().hex(),
        }
        return web.json_response(said, headers={"X-Seen": credential})


@asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    """The service, on a port of this machine."""
    echo = Echo()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    echo.port = int(runner.addresses[0][1])
    try:
        yield echo
    finally:
        await runner.cleanup()
