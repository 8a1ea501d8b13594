"""Reading the body that starts a run, within what its workspace allows."""

from __future__ import annotations

from aiohttp import web

from engine.errors import TooLarge
from server.keys import QUOTAS, SETTINGS
from server.quotas import CURE, PayloadTooLarge
from server.requests import read_body


async def read_payload(request: web.Request, workspace_id: str, own: int | None = None) -> bytes:
    """The whole body; raises what `read_body` does, and PayloadTooLarge beyond the workspace's quota.

    `own` is a limit in bytes of whoever asks.
    """
    limits = [limit for limit in (own, request.app[SETTINGS].max_body_bytes) if limit is not None]
    quota = (await request.app[QUOTAS].of(workspace_id)).payload_bytes
    if not quota or quota >= min(limits):
        return await read_body(request, min(limits))
    try:
        return await read_body(request, quota)
    except TooLarge:
        raise PayloadTooLarge(f"the quota 'payloadBytes' of this workspace is {quota}", hint=CURE) from None
