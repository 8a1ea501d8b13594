"""`http.request`: call an HTTP API."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import Any, Final

from engine.sdk import Context, StepResult
from plugins.http.address import BadUrl, shown
from plugins.http.answer import accepts, parse_body, plain_headers, read_body
from plugins.http.call import REDIRECTS, Call, first_call
from plugins.http.client import Client
from plugins.http.failures import TooManyRedirects, TooSlow, failure_of, unexpected_status
from plugins.http.params import MAX_REDIRECTS, RequestParams
from plugins.http.pools import Pool

_SENT_IN_PIECES: Final = 256_000


@dataclass(slots=True, frozen=True)
class _Answer:
    status: int
    headers: dict[str, Any]
    raw: bytes
    content_type: str
    charset: str | None


async def request(ctx: Context, params: RequestParams) -> StepResult:
    """Call an HTTP API and read its answer.

    The output is `{status, headers, body}`: header names in lower case, the body as JSON, text or, when it is neither,
    base64 (then `bodyEncoding` is `base64`). A status that was not expected fails the step with the code
    `http_<status>`, and the answer is kept with the error. A failed attempt is repeated only when the step has `retry`;
    every attempt sends the same `Idempotency-Key`, so that the other side can recognise a repetition.
    Addresses that are not public are refused unless the operator opened them, and so is what the workspace's lists of
    where steps may connect to do not let through.
    """
    client: Client = ctx.state
    where = params.method
    try:
        call = first_call(params, ctx.idempotency_key, client.user_agent, ctx.traceparent)
        where = shown(call.method, call.url)
        answer = await _in_time(ctx, client, params, call)
        return _result(ctx, params, where, answer)
    except Exception as error:
        failure = failure_of(error, where)
        if failure is None:
            raise
        return failure


def _result(ctx: Context, params: RequestParams, where: str, answer: _Answer) -> StepResult:
    expected = accepts(answer.status, params.expected_status)
    # An error page is rarely what was asked for: it is read as what it is.
    how = params.response if expected else "auto"
    body, is_base64, remark = parse_body(answer.raw, answer.content_type, answer.charset, how)
    if remark:
        ctx.log(remark, "warning")
    output = {"status": answer.status, "headers": answer.headers, "body": body}
    if is_base64:
        output["bodyEncoding"] = "base64"
    return StepResult.success(output) if expected else unexpected_status(where, output)


async def _in_time(ctx: Context, client: Client, params: RequestParams, call: Call) -> _Answer:
    try:
        async with asyncio.timeout(params.timeout_ms / 1000) as limit:
            return await _exchange(ctx, client, params, call)
    except TimeoutError:
        if limit.expired():
            raise TooSlow(f"no complete answer within {params.timeout_ms} ms") from None
        raise


async def _exchange(ctx: Context, client: Client, params: RequestParams, call: Call) -> _Answer:
    """Send the request, follow redirects, read the last answer."""
    async with client.pools.lease(ctx.workspace_id) as pool:
        most = client.max_response_bytes
        return await _follow(ctx, pool, params, call, min(params.max_bytes or most, most))


async def _follow(ctx: Context, pool: Pool, params: RequestParams, call: Call, limit: int) -> _Answer:
    ctx.require_host(call.url.raw_host or "", call.url.port)
    for _ in range(MAX_REDIRECTS + 1):
        pool.judge(call.url)
        async with pool.session.request(
            call.method,
            call.url,
            headers=call.headers,
            data=_payload(call.body),
            allow_redirects=False,  # each hop is checked here, and loses what it must not carry on
            ssl=params.verify_tls,
        ) as response:
            location = response.headers.get("Location")
            if not (params.follow_redirects and response.status in REDIRECTS and location):
                return _Answer(
                    response.status,
                    plain_headers(response),
                    await read_body(response, limit),
                    response.content_type if "Content-Type" in response.headers else "",
                    response.charset,
                )
        try:
            call = call.redirected(response.status, location)
        except BadUrl as error:
            raise TooManyRedirects(str(error)) from None
        # Credentials stay behind at another origin, but an address or a body may hold what the params held.
        ctx.require_host(call.url.raw_host or "", call.url.port, carrying=call.parts())
        ctx.log(f"redirected to {shown(call.method, call.url)}", "debug")
    raise TooManyRedirects(f"more than {MAX_REDIRECTS} redirects")


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    """Small bodies as they are; large ones as a stream, so that sending them gives way to others."""
    return io.BytesIO(body) if body is not None and len(body) > _SENT_IN_PIECES else body
