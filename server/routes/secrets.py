"""Secrets: make, list, change, test, connect and delete them. Values come in and never go out."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from engine.errors import Conflict, FlowDeskError
from engine.rows import Page
from engine.secret_rows import SecretRow
from engine.stores import cursor as cursors
from server.audit_trail import changed
from server.keys import CONNECTING, KEEPER, USAGES, USER, tenant_of
from server.permissions import Permission
from server.requests import body, json_response, no_content, page_response, query
from server.routing import Media, Route
from server.secret_documents import (
    MAX_BYTES,
    ConnectBody,
    ConnectDocument,
    DeleteQuery,
    NewSecret,
    RotateBody,
    RotatedDocument,
    SecretDocument,
    SecretsQuery,
    SecretUpdate,
    TestDocument,
)
from server.vault.rotation import rotate
from server.vault.telling import secret_document

CALLBACK: Final = "/api/oauth/callback"


async def create(request: web.Request) -> web.StreamResponse:
    """Keep a new secret."""
    given = await body(request, NewSecret, MAX_BYTES)
    row = await request.app[KEEPER].create(tenant_of(request), given.name, given.change())
    changed(request, row.name, after=_kept(row))
    return json_response(await _told(request, row), status=201, headers={"Location": f"/api/secrets/{row.name}"})


async def index(request: web.Request) -> web.StreamResponse:
    """One page of secrets, by name."""
    wanted = query(request, SecretsQuery)
    tenant = tenant_of(request)
    after = None if wanted.cursor is None else cursors.decode(wanted.cursor, str)[0]
    rows = await request.app[KEEPER].rows.page(tenant, limit=wanted.limit + 1, after=after)
    shown = rows[: wanted.limit]
    page = Page(shown, cursors.encode(shown[-1].name) if len(rows) > wanted.limit else None)
    usages = await request.app[USAGES].all(tenant) if shown else {}

    def told(row: SecretRow) -> dict[str, Any]:
        return secret_document(row, [usage.document() for usage in usages.get(row.name, [])])

    return page_response(page, told, request)


async def show(request: web.Request) -> web.StreamResponse:
    """One secret, without its value."""
    row = await request.app[KEEPER].rows.get(tenant_of(request), request.match_info["name"])
    return json_response(await _told(request, row))


async def update(request: web.Request) -> web.StreamResponse:
    """Change a secret."""
    given = await body(request, SecretUpdate, MAX_BYTES)
    tenant, name = tenant_of(request), request.match_info["name"]
    before = await request.app[KEEPER].rows.get(tenant, name)
    row = await request.app[KEEPER].change(tenant, name, given.change())
    changed(request, name, before=_kept(before), after=_kept(row))
    return json_response(await _told(request, row))


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a secret, unless workflows read it."""
    wanted = query(request, DeleteQuery)
    tenant, name = tenant_of(request), request.match_info["name"]
    row = await request.app[KEEPER].rows.get(tenant, name)
    usages = [] if wanted.force else (await request.app[USAGES].all(tenant)).get(name, [])
    if usages:
        readers = ", ".join(usage.workflow_name for usage in usages[:3])
        more = f" and {len(usages) - 3} more" if len(usages) > 3 else ""
        raise Conflict(
            f"{name} is read by {readers}{more}",
            code="secret_in_use",
            hint="change them first, or delete it all the same with force=true",
        )
    await request.app[KEEPER].delete(tenant, name)
    changed(request, name, before=_kept(row))
    return no_content()


async def test(request: web.Request) -> web.StreamResponse:
    """Open a secret as a step would."""
    try:
        await request.app[KEEPER].test(tenant_of(request), request.match_info["name"])
    except FlowDeskError as error:
        if error.code == "not_found":
            raise
        return json_response({"ok": False, "code": error.code, "detail": error.message, "hint": error.hint})
    return json_response({"ok": True, "code": None, "detail": "a step would get it", "hint": None})


async def connect(request: web.Request) -> web.StreamResponse:
    """Begin an authorization."""
    given = await body(request, ConnectBody, MAX_BYTES, default={})
    redirect_uri = given.redirect_uri or f"{request.url.origin()}{CALLBACK}"
    connecting, by = request.app[CONNECTING], request[USER].id
    url = await connecting.begin(tenant_of(request), request.match_info["name"], redirect_uri, by=by)
    return json_response({"url": url, "redirectUri": redirect_uri})


async def callback(request: web.Request) -> web.StreamResponse:
    """A person comes back from the provider."""
    asked = request.query
    try:
        done = await request.app[CONNECTING].finish(asked.get("state", ""), asked.get("code"), asked.get("error"))
    except FlowDeskError as error:
        status = 503 if error.code == "secret_refresh_failed" else 400
        return _page("Not connected", f"{error.message}. {error.hint or ''}", status)
    row = done.after
    # The browser that comes back is nobody to us: whoever began it is who connected it.
    changed(
        request,
        row.name,
        before=_kept(done.before),
        after=_kept(row),
        workspace_id=row.owner_id,
        user_id=done.user_id,
    )
    return _page("Connected", f"{row.name} is connected. You can close this window.", 200)


def _page(title: str, text: str, status: int) -> web.Response:
    """For a person's browser; nothing in it runs, and the address with the code goes nowhere."""
    written = f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>"
    headers = {
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(
        text=f"{written}<p>{html.escape(text)}</p>\n", content_type="text/html", status=status, headers=headers
    )


async def rotate_key(request: web.Request) -> web.StreamResponse:
    """Seal all secrets with a new key."""
    given = await body(request, RotateBody, MAX_BYTES, default={})
    keeper = request.app[KEEPER]
    done = await rotate(keeper.rows, keeper.keyring, drop_old=given.drop_old)
    changed(request, done.key_id, after=done)
    return json_response(
        {"keyId": done.key_id, "sealed": done.sealed, "unopened": list(done.unopened), "dropped": done.dropped}
    )


def _kept(row: SecretRow) -> SecretRow:
    """The secret as the audit log tells it from another: when it was last used is no change."""
    return replace(row, used_at=None)


async def _told(request: web.Request, row: SecretRow) -> dict[str, Any]:
    usages = (await request.app[USAGES].all(tenant_of(request))).get(row.name, [])
    return secret_document(row, [usage.document() for usage in usages])


_TAGS = ("secrets",)

routes = [
    Route(
        "POST",
        "/api/secrets",
        create,
        needs=Permission.SECRETS_WRITE,
        audit="secret.create",
        summary="Keep a new secret",
        description="The value is sealed before it is stored and never comes back.",
        body=NewSecret,
        response=SecretDocument,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/secrets",
        index,
        needs=Permission.SECRETS_READ,
        summary="List secrets by name, and which workflows read them",
        query=SecretsQuery,
        response=list[SecretDocument],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/secrets/{name}",
        show,
        needs=Permission.SECRETS_READ,
        summary="Read about a secret",
        response=SecretDocument,
        tags=_TAGS,
    ),
    Route(
        "PUT",
        "/api/secrets/{name}",
        update,
        needs=Permission.SECRETS_WRITE,
        audit="secret.save",
        summary="Change a secret",
        description="What is not sent stays. Runs under way get the new value at their next attempt.",
        body=SecretUpdate,
        response=SecretDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/secrets/{name}",
        delete,
        needs=Permission.SECRETS_WRITE,
        audit="secret.delete",
        summary="Delete a secret",
        description="Refused while workflows read it (409 `secret_in_use`), unless `force` is true.",
        query=DeleteQuery,
        status=204,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/secrets/{name}/test",
        test,
        needs=Permission.SECRETS_WRITE,
        audit="secret.test",
        summary="Open a secret as a step would, without showing it",
        response=TestDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/secrets/{name}/connect",
        connect,
        needs=Permission.SECRETS_WRITE,
        audit="secret.connect",
        summary="Begin the authorization of an OAuth2 connection",
        description="Open the answer's `url` in a browser; the provider sends the person back to this server.",
        body=ConnectBody,
        response=ConnectDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        CALLBACK,
        callback,
        public=True,
        audit="secret.connected",
        summary="Where OAuth2 providers send people back to",
        description="Answers with a page for a person.",
        response=Media("text/html"),
        also={400: Media("text/html"), 503: Media("text/html")},
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/secrets/rotate-key",
        rotate_key,
        admin=True,
        audit="secret.rotate",
        summary="Seal the secrets of all tenants with a new key",
        description=(
            "Makes a new key in the key file; where the operator gives the keys, the first of them seals. Steps get "
            "their secrets all the while."
        ),
        body=RotateBody,
        response=RotatedDocument,
        tags=_TAGS,
    ),
]
