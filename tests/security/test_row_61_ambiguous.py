"""Row 61: a request that two programs could read in two ways is not read at all."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.server.live import Live, Person, greet, webhook
from tests.server.wire import closed_after, connected, read_reply

REQUESTS = {
    "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length with a sign": "Content-Length: +5\r\n\r\n12345",
    "two encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": "Content-Length : 5\r\n\r\n12345",
    "a folded line": "A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "nul": "A: b\x00c\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("kind", REQUESTS)
async def test_a_webhook_takes_no_ambiguous_request(server: Live, ali: Person, kind: str) -> None:
    """Row 61: 400 as a problem, the connection ends, nothing behind it is taken for a request, and no run begins."""
    path = f"/api/hooks/{await ali.save(webhook('greet'), greet())}"
    smuggled = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    port = urlsplit(server.url).port or 0
    async with connected(port) as (reader, writer):
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{REQUESTS[kind]}{smuggled}".encode())
        reply = await read_reply(reader)
        assert reply.status == 400
        assert reply.problem()["code"] == "bad_request"
        await closed_after(reader, 20)
    assert await ali.get("/api/runs") == []
