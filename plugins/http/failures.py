"""What went wrong with a request, as a failed step: a stable code, a sentence, and whether trying again makes sense.

    http_<status>         the answer's status was not expected; its data has status, headers and body
    http_timeout          no complete answer in time
    http_connect          no connection: unknown host, refused, lost
    http_tls              no trusted connection
    http_protocol         the answer is not HTTP, ended early or cannot be decompressed
    http_too_large        the answer is larger than allowed
    http_redirects        too many redirects, or one that leads nowhere
    http_bad_json         JSON was asked for and did not come
    http_refused_address  the address is not public and not opened by the operator
    http_not_listed       the workspace denies the host or its address, or allows others only
    http_bad_url          the URL cannot be requested
    http_bad_request      headers or body cannot be sent

No sentence repeats a path, query, header or credential: those may be keys.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from engine.sdk import StepResult
from plugins.http.address import BadUrl
from plugins.http.answer import TooLarge, Unreadable, phrase, retry_after_ms
from plugins.http.call import BadRequest
from plugins.http.guard import NotListed, RefusedAddress, UnlistedAddress

_LISTS: Final = "this workspace does not let its steps connect there (an owner can change that: flowdesk egress)"
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})


class TooManyRedirects(Exception):
    """The answer kept redirecting, or redirected to nowhere."""


class TooSlow(Exception):
    """The time of the step was over."""


def unexpected_status(where: str, output: Mapping[str, Any]) -> StepResult:
    """A failure for a status that was not expected, with the answer kept."""
    status: int = output["status"]
    retry_after = output["headers"].get("retry-after") if status in (429, 503) else None
    return StepResult.failure(
        f"{where} answered {phrase(status)}",
        code=f"http_{status}",
        data=dict(output),
        retryable=status >= 500 or status in _WORTH_ANOTHER_TRY,
        retry_after_ms=retry_after_ms(retry_after),
    )


def failure_of(error: Exception, where: str) -> StepResult | None:
    """The failure an exception stands for, or None for one that is not ours to explain."""
    code, text, retryable = _explain(error)
    return StepResult.failure(f"{where}: {text}", code=code, retryable=retryable) if code else None


def _explain(error: Exception) -> tuple[str, str, bool]:
    match error:
        case BadUrl():
            return "http_bad_url", str(error), False
        case NotListed():
            return "http_not_listed", _LISTS, False
        case BadRequest():
            return "http_bad_request", str(error), False
        case TooLarge():
            return "http_too_large", str(error), False
        case Unreadable():
            return "http_bad_json", str(error), True
        case TooManyRedirects():
            return "http_redirects", str(error), False
        case aiohttp.InvalidURL() | UnicodeError():
            return "http_bad_url", "the URL cannot be read: check its host", False
        case TooSlow():
            return "http_timeout", str(error), True
        case TimeoutError():
            return "http_timeout", "no connection in time", True
        case aiohttp.ClientError() | OSError():
            return _explain_network(error)
        case ValueError():
            return "http_bad_request", "the request cannot be sent: check its headers", False
    return "", "", True


def _explain_network(error: Exception) -> tuple[str, str, bool]:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            reason = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
            return "http_tls", f"the server's certificate is not trusted: {reason}", False
        case aiohttp.ClientSSLError():
            return "http_tls", "no secure connection could be agreed on", True
        case aiohttp.ClientConnectorDNSError():
            return "http_connect", "the host name is not known", True
        case aiohttp.ClientConnectorError(os_error=UnlistedAddress()):
            return "http_not_listed", _LISTS, False
        case aiohttp.ClientConnectorError(os_error=RefusedAddress()):
            hint = "only public addresses are open; the operator can allow more with FLOWDESK_EGRESS_ALLOW"
            return "http_refused_address", f"requests to this address are not allowed ({hint})", False
        case aiohttp.ClientConnectorError():
            # Not the error's own text: it names the address a host name came to.
            reason = os.strerror(error.os_error.errno) if error.os_error.errno else "it failed"
            return "http_connect", f"no connection: {reason}", True
        case aiohttp.ServerDisconnectedError():
            return "http_connect", "the server closed the connection without an answer", True
        case aiohttp.ClientPayloadError():
            return "http_protocol", "the answer ended early or cannot be decompressed", True
        case aiohttp.ClientResponseError():
            return "http_protocol", "the answer is not valid HTTP", True
    return "http_connect", "the connection was lost", True
