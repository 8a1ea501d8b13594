"""A request as it goes out, and what becomes of it at a redirect."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from multidict import CIMultiDict
from yarl import URL

from plugins.http.address import parse_url, redirect_target, same_origin, with_query
from plugins.http.bodies import encode
from plugins.http.headers import headers_problem
from plugins.http.params import BasicAuth, BearerAuth, HeaderAuth, RequestParams

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# What may be shown to an origin the user did not name. Everything else could be a key.
_HARMLESS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-type", "idempotency-key", "user-agent"}
)


class BadRequest(ValueError):
    """The parameters came to something that cannot be sent."""


@dataclass(slots=True, frozen=True)
class Call:
    """One request."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | None

    def parts(self) -> tuple[str | bytes, ...]:
        """Everything that leaves with it."""
        return (str(self.url), *self.headers.values(), *(() if self.body is None else (self.body,)))

    def redirected(self, status: int, location: str) -> Call:
        """The request a redirect asks for; raises BadUrl.

        303 turns everything but HEAD into GET, 301 and 302 turn POST into GET as browsers do, 307 and 308 change
        nothing. Another origin gets no credentials and no headers of the user's own, and neither does any later hop.
        """
        target = redirect_target(self.url, location)
        headers = CIMultiDict(self.headers)
        if not same_origin(self.url, target):
            headers = CIMultiDict((name, value) for name, value in headers.items() if name.lower() in _HARMLESS)
        becomes_get = (status == 303 and self.method not in ("GET", "HEAD")) or (
            status in (301, 302) and self.method == "POST"
        )
        if not becomes_get:
            return Call(self.method, target, headers, self.body)
        headers = CIMultiDict(
            (name, value) for name, value in headers.items() if not name.lower().startswith("content-")
        )
        return Call("GET", target, headers, None)


def first_call(params: RequestParams, idempotency_key: str, user_agent: str, traceparent: str | None = None) -> Call:
    """The request these parameters describe; raises BadUrl and BadRequest."""
    url = with_query(parse_url(params.url), params.query)
    problem = headers_problem(params.headers)
    if problem:
        raise BadRequest(problem)
    headers = CIMultiDict({"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": user_agent})
    if params.idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    if traceparent is not None:
        headers["traceparent"] = traceparent
    body: bytes | None = None
    if params.body is not None:
        try:
            body, headers["Content-Type"] = encode(params.body)
        except (ValueError, TypeError) as error:
            raise BadRequest(f"the body cannot be sent: {error}") from None
    headers.update({name: value for name, value in params.headers.items() if value is not None})
    headers.update(_credentials(params))
    problem = headers_problem(headers)
    if problem:
        raise BadRequest(problem)
    return Call(params.method, url, headers, body)


def _credentials(params: RequestParams) -> dict[str, str]:
    auth = params.auth
    if isinstance(auth, BasicAuth):
        if ":" in auth.username:
            raise BadRequest("a user name for basic auth cannot hold a colon")
        pair = f"{auth.username}:{auth.password}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if isinstance(auth, BearerAuth):
        return {"Authorization": f"Bearer {auth.token}"}
    if isinstance(auth, HeaderAuth):
        return {auth.name: auth.value}
    return {}
