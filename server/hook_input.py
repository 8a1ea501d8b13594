"""A webhook's request as the trigger of a run; pure.

A JSON object or a form is the run's `data`; whatever else was sent is `data.body`. Method, headers, query and raw text
are kept beside it, and templates see them as `trigger.method`, `trigger.headers`, `trigger.query` and `trigger.raw`.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from engine.errors import BadJson
from engine.jsonio import check_json, parse_json
from engine.masking import MASK
from engine.models.run import Trigger, TriggerKind
from server.multipart import parse_content_type, read_multipart, text_of

MAX_RAW: Final = 65_536
"""Longer bodies are not kept a second time as raw text."""
MAX_FIELDS: Final = 1000
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
_SECRET_WORDS: Final = ("token", "secret", "password", "api-key", "apikey")

Pairs = Iterable[tuple[str, str]]


def webhook_trigger(
    method: str, body: bytes, headers: Pairs, query: Pairs, step_id: str, hidden: Collection[str] = ()
) -> Trigger:
    """The trigger these bytes make; BadJson when they are not what their Content-Type says.

    Headers whose lower-case names are `hidden` are masked, too.
    """
    kept = readable_headers(headers)
    for name in hidden:
        if name in kept:
            kept[name] = MASK
    data, raw = read_data(body, kept.get("content-type", ""))
    meta = {"method": method, "headers": kept, "query": repeated(query), "raw": raw}
    return Trigger(TriggerKind.WEBHOOK, data, meta, step_id)


def readable_headers(headers: Pairs) -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined by a comma, credentials masked."""
    kept: dict[str, str] = {}
    for name, value in headers:
        lower, secret = _read_name(name)
        if secret:
            kept[lower] = MASK
        else:
            text = value if value.isascii() else _clean(value)
            kept[lower] = f"{kept[lower]}, {text}" if lower in kept else text
    return kept


@lru_cache(maxsize=512)
def _read_name(name: str) -> tuple[str, bool]:
    """The name in lower case, and whether it holds a credential."""
    lower = name.lower()
    return lower, lower in _SECRET_HEADERS or any(word in lower for word in _SECRET_WORDS)


def repeated(pairs: Pairs) -> dict[str, Any]:
    """Names and values as an object; a name given several times holds the list of its values."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        before = found.get(name)
        if before is None:
            found[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            found[name] = [before, value]
    return found


def read_data(body: bytes, content_type: str) -> tuple[dict[str, Any], str | None]:
    """The run's data and, for text of moderate length, the text it was read from."""
    if not body:
        return {}, ""
    kind, params = parse_content_type(content_type)
    if kind == "multipart/form-data":
        return _form(read_multipart(body, params.get("boundary", ""))), None
    raw = text_of(body, params.get("charset"))
    kept = raw if raw is not None and len(body) <= MAX_RAW else None
    if kind == "application/json" or kind.endswith("+json"):
        return _json(parse_json(body)), kept
    if kind in ("", "application/x-www-form-urlencoded") and body.lstrip()[:1] in (b"{", b"["):
        # What `curl -d '{...}'` sends without a header says that it is a form.
        try:
            return _json(parse_json(body)), kept
        except BadJson:
            pass
    if kind == "application/x-www-form-urlencoded":
        return _form(_urlencoded(body)), kept
    if raw is None:
        return {"body": base64.b64encode(body).decode(), "bodyEncoding": "base64"}, None
    return {"body": raw}, kept


def _json(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"body": value}


def _form(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    data = repeated(pairs)
    check_json(data)
    return data


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:  # bad UTF-8 among them
        raise BadJson(f"the form cannot be read: {error}", code="bad_form") from None


def _clean(value: str) -> str:
    # aiohttp keeps undecodable header bytes as surrogates, which no store could hold.
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
