"""What registering, logging in and logging out come to: an account, a session, and an answer."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import hdrs, web

from engine.errors import Conflict, Refused
from engine.models.run import User
from engine.tenancy import MemberRole
from server.account_documents import Registration, session_json
from server.accounts import normal_email
from server.audit_trail import changed
from server.invitations import refused
from server.keys import (
    ACCOUNTS,
    CREDENTIAL,
    INVITATIONS,
    PLACE,
    SESSIONS,
    SETTINGS,
    TENANTS,
    TOKENS,
    USER,
    address_of,
)
from server.passwords import check_password
from server.tenants import Place

DEVICE_HEADER: Final = "X-FlowDesk-Device"
MAX_AGENT: Final = 120


async def begin(request: web.Request, user: User) -> dict[str, Any]:
    """A session for somebody who has just proved who they are."""
    agent = request.headers.get(hdrs.USER_AGENT, "")[:MAX_AGENT]
    shown = "".join(letter if letter.isprintable() else "?" for letter in agent)
    session, refresh = await request.app[SESSIONS].begin(user.id, address=address_of(request), agent=shown)
    return answer_with(request, user, session.id, refresh)


def answer_with(request: web.Request, user: User, session_id: str, refresh: str) -> dict[str, Any]:
    """The answer to whoever has this session; the audit log hears of it."""
    request[USER] = user
    request[PLACE] = Place(user.id, MemberRole.OWNER)
    request[CREDENTIAL] = session_id
    changed(request, session_id)
    tokens = request.app[TOKENS]
    return session_json(tokens.issue(user, session_id), user, refresh, tokens.issue_device(user))


async def register(request: web.Request, given: Registration) -> User:
    """A new account, if this server makes one for whoever asks."""
    app = request.app
    if app[SETTINGS].registers == "open" and given.invitation is None:
        return await app[ACCOUNTS].create(given.email, given.password)
    email = normal_email(given.email)
    check_password(given.password)
    invitation = await app[INVITATIONS].find(given.invitation, email)
    if await app[ACCOUNTS].is_taken(email):  # in the words of any other refusal, so that nothing is told
        raise refused()
    await app[INVITATIONS].take(invitation)
    try:
        user = await app[ACCOUNTS].create(email, given.password)
    except BaseException as error:
        await app[INVITATIONS].give_back(invitation)
        raise refused() from None if isinstance(error, Conflict) else error
    if invitation.workspace_id is not None:
        role = MemberRole(invitation.about["role"])
        await app[TENANTS].put_member(invitation.workspace_id, user.id, role)
    return user


def refuse_closed(request: web.Request) -> None:
    """Refused where nobody can make an account for themselves, whatever the request says."""
    if request.app[SETTINGS].registers == "closed":
        raise Refused("registration is closed", code="registration_closed", hint="ask an administrator for an account")
