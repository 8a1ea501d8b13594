"""A server without a network, under the real client: it answers from documents a test can change while a screen looks.

Only the transport is replaced (`Http.call` and `Http.stream`): paths, queries, paging and errors are the client's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from engine.jsonio import dump_text
from flowdesk.client import Client
from flowdesk.client_http import Http, Limits, Query, Reply
from flowdesk.errors import Unreachable, api_error, problem_reply
from flowdesk.launch import Connection, Target, Wish

URL: Final = "http://127.0.0.1:4000"
Handler = Callable[["Request"], Any]


class Request:
    """One call: what its path's pattern caught, its query and its body."""

    def __init__(self, method: str, path: str, found: tuple[str, ...], query: dict[str, str], body: Any) -> None:
        self.method, self.path, self.found, self.query, self.body = method, path, found, query, body


def refuse(status: int, code: str, detail: str, **more: Any) -> Exception:
    """The error a server with that answer causes; for a handler to raise."""
    return api_error(
        problem_reply(status, {"code": code, "detail": detail, **more}, request_id="req_1", retry_after=None)
    )


class ScriptedHttp(Http):
    """Answers by a table of (method, pattern). `asked` is every call so far; `down` makes the server unreachable."""

    def __init__(self) -> None:
        super().__init__(URL, "token", Limits())
        self.asked: list[Request] = []
        self.down = False
        self.refusal: Exception | None = None
        """What every new stream is answered with."""
        self.gate: Callable[[Request], Exception | None] = lambda request: None
        """Asked before the table: the error it gives is the answer."""
        self._table: list[tuple[str, re.Pattern[str], Handler]] = []
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._sent = 0

    def on(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer these calls with what the handler gives; `{}` in the pattern catches one segment. Later rows win."""
        self._table.insert(0, (method, re.compile(re.escape(pattern).replace(r"\{\}", "([^/]+)") + r"\Z"), handler))

    def on_rest(self, method: str, handler: Handler) -> None:
        """Answer what no other row answers."""
        self._table.append((method, re.compile(".*"), handler))

    def calls(self, method: str, prefix: str = "") -> list[Request]:
        """The calls so far of this method whose path begins so."""
        return [call for call in self.asked if call.method == method and call.path.startswith(prefix)]

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        total_s: float | None = None,
    ) -> Reply:
        """Find the handler and answer; a page when the handler gives (items, cursor)."""
        await asyncio.sleep(0)
        if self.down:
            raise Unreachable(f"cannot reach {URL}: connection refused")
        for wanted, pattern, handler in self._table:
            match = pattern.match(path)
            if wanted == method and match:
                given = {key: str(value) for key, value in (query or {}).items() if value is not None}
                request = Request(method, path, match.groups(), given, body)
                self.asked.append(request)
                refused = self.gate(request)
                if refused is not None:
                    raise refused
                return _reply(handler(request))
        raise AssertionError(f"nothing answers {method} {path}")

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """An event stream that gives what `send` is told."""
        if self.down:
            raise Unreachable(f"cannot reach {URL}: connection refused")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        if self.refusal is not None:
            raise self.refusal
        self._streams.add(queue)
        try:
            yield self._chunks(queue)
        finally:
            self._streams.discard(queue)

    async def _chunks(self, queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
        while (chunk := await queue.get()) is not None:
            yield chunk

    def send(self, event: Mapping[str, Any]) -> None:
        """Tell every open stream of a journal event."""
        self._sent += 1
        chunk = f"id: {self._sent}\nevent: journal\ndata: {dump_text(event)}\n\n".encode()
        for queue in self._streams:
            queue.put_nowait(chunk)

    def gap(self) -> None:
        """Tell every open stream that events were lost."""
        for queue in self._streams:
            queue.put_nowait(b"event: gap\ndata: {}\n\n")

    @property
    def streams(self) -> int:
        """How many event streams are open."""
        return len(self._streams)

    def drop_streams(self) -> None:
        """End every open stream, as a lost connection does."""
        for queue in self._streams:
            queue.put_nowait(None)


class ScriptedConnector:
    """Gives a client over the scripted transport."""

    def __init__(self, http: ScriptedHttp, *, name: str | None = None, workspace: str | None = None) -> None:
        self.http = http
        self.name = name
        self.workspace = workspace
        self.opened: list[str | None] = []
        self.closed = 0
        self.others: dict[str, ScriptedConnector] = {}

    async def open(self, token: str | None = None) -> Connection:
        """Connect; Unreachable while the server is down."""
        self.opened.append(token)
        if self.http.down:
            raise Unreachable(f"cannot reach {URL}: connection refused")
        return Connection(Client(URL, token, http=self.http), Target(URL, token, "local", self.name, self.workspace))

    async def close(self) -> None:
        """Note that this server was left."""
        self.closed += 1

    def elsewhere(self, wish: Wish) -> ScriptedConnector:
        """The connector that `others` has for that address or context, or `context/workspace`."""
        return self.others["/".join(filter(None, [wish.url, wish.context, wish.workspace]))]


def _reply(given: Any) -> Reply:
    if isinstance(given, Exception):
        raise given
    if isinstance(given, tuple):
        items, cursor = given
        return Reply(200, {"X-Next-Cursor": cursor} if cursor else {}, items)
    return Reply(204 if given is None else 200, {}, given)
