"""Reading requests and writing answers: the only places where bytes become values and values bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from engine.errors import BadJson, Invalid, TooLarge
from engine.jsonio import Json, dumps, parse_json
from engine.store import Page
from server.invalid import problems_of
from server.keys import SETTINGS
from server.problems import TooSlow

ModelT = TypeVar("ModelT", bound=BaseModel)
T = TypeVar("T")

_JSON: Final = {"Content-Type": "application/json"}


async def read_body(request: web.Request, limit: int | None = None) -> bytes:
    """The whole body, decompressed; TooLarge beyond `limit` bytes (the setting when None), TooSlow past the deadline.

    The limit counts decompressed bytes while they arrive, so a small bomb stays small.
    """
    settings = request.app[SETTINGS]
    most = settings.max_body_bytes if limit is None else limit
    content = request.content
    try:
        if content.is_eof():  # it came together with the head, as small bodies do
            return _checked(content.read_nowait(), most)
        if (request.content_length or 0) > most:
            raise _too_large(most)
        async with asyncio.timeout(settings.body_timeout_s):
            return await _read_counted(request, most)
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {settings.body_timeout_s:g} s") from None
    except web.RequestPayloadError as error:
        said = " ".join(str(error).split()).removeprefix("400, message: ")  # aiohttp's words, on two lines
        raise BadJson(f"the body cannot be read: {said}", code="bad_body") from None


def _checked(raw: bytes, most: int) -> bytes:
    if len(raw) > most:
        raise _too_large(most)
    return raw


async def _read_counted(request: web.Request, most: int) -> bytes:
    collected = bytearray()
    while chunk := await request.content.readany():
        collected += chunk
        if len(collected) > most:
            raise _too_large(most)
    return bytes(collected)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most} bytes", hint="FLOWDESK_MAX_BODY_BYTES sets the limit")


async def json_body(request: web.Request, limit: int | None = None) -> Json:
    """The body as a JSON value; BadJson when it is none, whatever the Content-Type says."""
    return _parsed(await read_body(request, limit))


def _parsed(raw: bytes) -> Json:
    if not raw:
        raise BadJson("the body is empty", code="empty_body", hint="send a JSON document")
    return parse_json(raw)


async def body(request: web.Request, model: type[ModelT], limit: int | None = None, *, default: Json = None) -> ModelT:
    """The body as a document of this kind; Invalid lists every problem.

    An empty body counts as `default` when there is one.
    """
    raw = await read_body(request, limit)
    if not raw and default is not None:
        return validated(default, model)
    return validated(_parsed(raw), model)


def validated(value: Json, model: type[ModelT]) -> ModelT:
    """The value as a document of this kind; Invalid lists every problem."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(problems=problems_of(error, model, value)) from None


def query(request: web.Request, model: type[ModelT]) -> ModelT:
    """The query string as a document of this kind; a name given twice counts once, the last time."""
    given = {name: value for name, value in request.query.items()}  # noqa: C416 - dict() takes the first
    try:
        return model.model_validate(given)
    except ValidationError as error:
        # Of a list in one text the item is named: what is wrong is not the whole of it.
        raise Invalid(problems=problems_of(error, model)) from None


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(status=status, body=dumps(value), headers={**_JSON, **headers} if headers else _JSON)


def no_content() -> web.Response:
    """Done, and nothing to say."""
    return web.Response(status=204)


def page_response(page: Page[T], to_json: Callable[[T], Json], request: web.Request) -> web.Response:
    """One page of a list as a plain array; when there is more, headers say where it goes on."""
    headers: dict[str, str] = {}
    if page.cursor is not None:
        following = request.rel_url.update_query(cursor=page.cursor)
        headers = {"X-Next-Cursor": page.cursor, "Link": f'<{following}>; rel="next"'}
    return json_response([to_json(item) for item in page.items], headers=headers)


def json_list(items: Iterable[T], to_json: Callable[[T], Json]) -> web.Response:
    """A whole list as a plain array."""
    return json_response([to_json(item) for item in items])
