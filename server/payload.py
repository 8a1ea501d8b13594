"""Reading the body that starts a run, within what its workspace allows."""

from __future__ import annotations

from aiohttp import web

from engine.errors import TooLarge
from server.keys import QUOTAS, SETTINGS
from server.quotas import CURE, PayloadTooLarge
from server.requests import read_body


async def read_payload(request: web.Request, workspace_id: str) -> bytes:
    """The whole body; raises what `read_body` does, and PayloadTooLarge beyond the workspace's quota."""
    most = (await request.app[QUOTAS].of(workspace_id)).payload_bytes
    if not most or most >= request.app[SETTINGS].max_body_bytes:
        return await read_body(request)
    try:
        return await read_body(request, most)
    except TooLarge:
        raise PayloadTooLarge(f"the quota 'payloadBytes' of this workspace is {most}", hint=CURE) from None
