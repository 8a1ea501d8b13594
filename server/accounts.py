"""Accounts: who may come in, and how they prove it."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, FlowDeskError, Invalid, Problem
from engine.ids import new_id
from engine.models.run import Role, User
from engine.store import Page, Users
from server.backoff import Backoff
from server.passwords import UNUSABLE, Passwords, check_password
from server.problems import TooManyRequests, Unauthenticated

LOCAL_EMAIL: Final = "local@flowdesk.internal"
"""The account of the person at the machine, made at the first start; nobody can log in to it with a password."""
REMEMBER_S: Final = 5.0
"""How long a user is believed without asking the store again; changes made here are seen at once."""
MAX_REMEMBERED: Final = 10_000

_EMAIL: Final = re.compile(r"[^\s@\x00-\x20\x7f]{1,64}@[^\s@\x00-\x20\x7f]{1,189}")


def normal_email(text: str) -> str:
    """The form addresses are stored and compared in; Invalid when it is no address."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    if not _EMAIL.fullmatch(email) or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") for c in email):
        raise Invalid(problems=[Problem("bad_email", "is not an e-mail address", field="email")])
    return email


class Accounts:
    """The only place that makes, checks and changes users."""

    def __init__(
        self,
        users: Users,
        passwords: Passwords,
        *,
        clock: Clock = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._clock = clock
        self._monotonic = monotonic
        self._remembered: dict[str, tuple[User, float]] = {}
        self._per_account = Backoff(free=5, longest_s=900, clock=monotonic)
        self._per_address = Backoff(free=100, longest_s=30, clock=monotonic)

    async def create(self, email: str, password: str, role: Role = Role.USER) -> User:
        """A new account; Conflict when the address is taken."""
        normal = normal_email(email)
        check_password(password)
        if normal == LOCAL_EMAIL or await self._users.by_email(normal) is not None:
            raise _taken()
        user = User(new_id(), normal, await self._passwords.hash(password), role, self._clock())
        try:
            await self._users.create(user)
        except Conflict:
            raise _taken() from None
        return user

    async def log_in(self, email: str, password: str, address: str) -> User:
        """The user whose password this is; otherwise Unauthenticated, alike for unknown addresses.

        `address` is where the request came from: failures slow down this account from there, and everything from
        there, but never the account from elsewhere.
        """
        normal = normal_email(email)
        check_password(password)
        account = (normal, address)
        wait = max(self._per_account.wait_s(account), self._per_address.wait_s(address))
        if wait:
            raise TooManyRequests("too many failed logins", retry_after_s=wait, hint=f"wait {wait} s")
        self._per_account.tried(account)
        self._per_address.tried(address)
        try:
            user = await self._users.by_email(normal)
            right = await self._passwords.matches(password, user.password_hash if user else None)
        except FlowDeskError:  # nothing was tried after all
            self._per_account.take_back(account)
            self._per_address.take_back(address)
            raise
        if user is None or not right:
            raise Unauthenticated("e-mail address or password is wrong", code="bad_credentials")
        self._per_account.succeeded(account)
        self._per_address.take_back(address)
        if self._passwords.outdated(user.password_hash):
            await self._users.update(user.id, password_hash=await self._passwords.hash(password))
        return user

    async def by_id(self, user_id: str) -> User | None:
        """The user, from memory when they were seen moments ago; None when there is no such account any more."""
        now = self._monotonic()
        found = self._remembered.get(user_id)
        if found is not None and found[1] > now:
            return found[0]
        user = await self._users.by_id(user_id)
        if user is None:
            self._remembered.pop(user_id, None)
            return None
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[user_id] = (user, now + REMEMBER_S)
        return user

    async def page(self, *, limit: int, cursor: str | None) -> Page[User]:
        """All accounts, newest first."""
        return await self._users.page(limit=limit, cursor=cursor)

    async def local_user(self) -> User:
        """The account of the person at the machine, made when it is missing."""
        user = await self._users.by_email(LOCAL_EMAIL)
        if user is not None:
            return user
        made = User(new_id(), LOCAL_EMAIL, UNUSABLE, Role.ADMIN, self._clock())
        try:
            await self._users.create(made)
        except Conflict:  # another server starts at the same moment
            return await self.local_user()
        return made


def _taken() -> Conflict:
    return Conflict("this e-mail address has an account already", code="email_taken", hint="log in instead")
