"""HTTP as the client needs it: JSON in and out, explicit time limits, typed errors. The only importer of aiohttp."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote as url_quote

import aiohttp

from engine.errors import BadJson
from engine.jsonio import dumps, parse_json
from flowdesk.errors import ApiError, BadReply, NotAuthorised, Rejected, Unreachable, api_error, problem_reply
from flowdesk.replies import Page

MAX_REPLY: Final = 64 * 1024 * 1024
EXPIRED: Final = frozenset({"invalid_token", "expired_token"})
"""The codes of a 401 that another token may change."""
Renew = Callable[[str], Awaitable[str | None]]
"""Gives the token to use instead of one that is refused; None when somebody must log in."""
Query = Mapping[str, str | int | bool | None]


@dataclass(slots=True, frozen=True)
class Limits:
    """How long each part of a call may take, in seconds.

    `idle_s` ends an event stream on which not even a heartbeat (every 15 s) arrived.
    """

    connect_s: float = 5
    total_s: float = 30
    idle_s: float = 40


@dataclass(slots=True, frozen=True)
class Reply:
    """A successful answer."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Http:
    """One connection pool to one server. Use as a context manager or call `close`.

    With `renew`, what is refused because its token has expired is asked again with the next one; however many calls
    find that out, it is renewed once. `renewed` is the token that came of it.
    """

    def __init__(
        self, url: str, token: str | None, limits: Limits, workspace: str | None = None, renew: Renew | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._workspace = workspace
        self._token = token
        self._limits = limits
        self._open: aiohttp.ClientSession | None = None
        self.renew = renew
        self.renewed: str | None = None
        self._renewing: asyncio.Task[str | None] | None = None
        self.answered = False
        """Whether the server has answered anything yet; until then everything may be asked again elsewhere."""

    async def close(self) -> None:
        """Close every connection; a token that is being renewed is written down first."""
        if self._renewing is not None:
            await asyncio.wait([self._renewing])
        if self._open is not None:
            await self._open.close()
            self._open = None

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
        """One request and its JSON answer; raises an ApiError, Unreachable or BadReply."""
        used = self._token
        try:
            return await self._call(method, path, body, query, headers, total_s)
        except NotAuthorised as error:
            if not await self._has_other_token(error, used):
                raise
        return await self._call(method, path, body, query, headers, total_s)

    async def _call(
        self,
        method: str,
        path: str,
        body: Any,
        query: Query | None,
        headers: Mapping[str, str] | None,
        total_s: float | None,
    ) -> Reply:
        limit = total_s or self._limits.total_s
        timeout = aiohttp.ClientTimeout(total=limit, sock_connect=self._limits.connect_s)
        payload = _encode(body)
        sent = {"Content-Type": "application/json", **(headers or {})} if payload is not None else headers
        async with self._request(method, path, timeout, data=payload, query=query, headers=sent) as response:
            raw = await _read(response)
            _check(response, raw)
            return Reply(response.status, response.headers, _decode(raw, self.url) if raw else None)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open an event stream and give its chunks; the same errors as `call`, and Unreachable when it breaks."""
        used = self._token
        async with AsyncExitStack() as stack:
            try:
                chunks = await stack.enter_async_context(self._stream(path, query, headers))
            except NotAuthorised as error:
                if not await self._has_other_token(error, used):
                    raise
                chunks = await stack.enter_async_context(self._stream(path, query, headers))
            yield chunks

    async def _has_other_token(self, error: NotAuthorised, used: str | None) -> bool:
        """Whether what was refused with the token `used` can be asked again with another one."""
        if error.status != 401 or error.code not in EXPIRED or used is None or self.renew is None:
            return False
        if self._token == used:
            if self._renewing is None:
                self._renewing = asyncio.create_task(self._renew(self.renew, used))
            # Who gives up waiting does not end it: a refresh token that was sent is worth nothing any more.
            await asyncio.shield(self._renewing)
        return self._token != used

    async def _renew(self, renew: Renew, stale: str) -> str | None:
        try:
            self.renewed = await renew(stale)
            self._token = self.renewed or self._token
            return self.renewed
        finally:
            self._renewing = None

    @asynccontextmanager
    async def _stream(
        self, path: str, query: Query | None, headers: Mapping[str, str] | None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=self._limits.connect_s, sock_read=self._limits.idle_s, connect=self._limits.total_s
        )
        asked = {"Accept": "text/event-stream", **(headers or {})}
        async with self._request("GET", path, timeout, query=query, headers=asked) as response:
            if response.status != 200:
                _check(response, await _read(response))
            if response.content_type != "text/event-stream":
                raise BadReply(f"{self.url} answered {response.content_type} where an event stream was expected")
            yield response.content.iter_any()

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        timeout: aiohttp.ClientTimeout,
        *,
        data: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        given = {k: _text(v) for k, v in (query or {}).items() if v is not None}
        try:
            async with self._session().request(
                method,
                self.url + path,
                data=data,
                params=given,
                headers={**self._bearer(), **(headers or {})},
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                self.answered = True
                yield response
        except TimeoutError:
            raise Unreachable(f"{self.url} did not answer in time", hint="is the server busy?") from None
        except aiohttp.InvalidURL:
            raise Unreachable(f"{self.url} is not a usable address", hint="it looks like http://host:4000") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"cannot reach {self.url}: {_reason(error)}", hint="is the server running?") from None

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _session(self) -> aiohttp.ClientSession:
        if self._open is None:
            headers = {"User-Agent": f"flowdesk/{version('flowdesk')}", "Accept": "application/json"}
            if self._workspace:
                headers["X-FlowDesk-Workspace"] = self._workspace
            self._open = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar())
        return self._open


def _encode(body: Any) -> bytes | None:
    if body is None:
        return None
    try:
        return dumps(body)
    except BadJson as error:
        said = {"detail": error.message, "code": error.code, "hint": error.hint}
        raise Rejected(problem_reply(422, said, request_id=None, retry_after=None)) from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_REPLY:
            raise BadReply(f"the answer is larger than {MAX_REPLY // 1024 // 1024} MB")
        chunks.append(chunk)
    return b"".join(chunks)


def _decode(raw: bytes, url: str) -> Any:
    try:
        return parse_json(raw)
    except BadJson:
        raise BadReply(f"{url} does not answer like a FlowDesk server", hint="check the address") from None


def _check(response: aiohttp.ClientResponse, raw: bytes) -> None:
    if response.status >= 400:
        raise _refusal(response, raw)
    if response.status >= 300:
        target = response.headers.get("Location", "somewhere else")
        raise BadReply(f"the server sends you on to {target}", hint="use the address it really lives at")


def _refusal(response: aiohttp.ClientResponse, raw: bytes) -> ApiError:
    try:
        body = parse_json(raw) if raw else None
    except BadJson:
        body = None
    headers = response.headers
    return api_error(
        problem_reply(
            response.status, body, request_id=headers.get("X-Request-ID"), retry_after=headers.get("Retry-After")
        )
    )


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reason(error: Exception) -> str:
    """`connection refused` instead of what the event loop makes of it."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if not isinstance(cause, OSError) or not cause.strerror:
        return str(cause) or type(cause).__name__
    known = cause.errno is not None and cause.errno in errno.errorcode
    text = os.strerror(cause.errno or 0) if known else cause.strerror
    return text[:1].lower() + text[1:]


def quote(part: str) -> str:
    """One path segment, whatever a user typed into it."""
    return url_quote(part, safe="")


def page_of(reply: Reply) -> Page[Any]:
    """A list reply with its cursor."""
    if not isinstance(reply.body, list):
        raise BadReply("the server answered something other than a list")
    return Page(reply.body, reply.headers.get("X-Next-Cursor"))
