"""Accounts: who may come in, and how they prove it."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Final

from engine.clock import Clock, now_ms
from engine.errors import Conflict, FlowDeskError, Invalid, NotFound, Problem, Refused
from engine.ids import new_id
from engine.models.run import Role, User
from engine.store import Page, Users
from server.backoff import Backoff
from server.passwords import UNUSABLE, Passwords, check_password
from server.problems import TooManyRequests, Unauthenticated
from server.proxies import network_of

LOCAL_EMAIL: Final = "local@flowdesk.internal"
"""The account of the person at the machine, made at the first start; nobody can log in to it with a password."""
REMEMBER_S: Final = 5.0
"""How long a user is believed without asking the store again; changes made here are seen at once."""
MAX_REMEMBERED: Final = 10_000

Device = Callable[[str], str | None]
"""Which known device of the account with this address asks."""

_EMAIL: Final = re.compile(r"[^\s@\x00-\x20\x7f]{1,64}@[^\s@\x00-\x20\x7f]{1,189}")


def normal_email(text: str) -> str:
    """The form addresses are stored and compared in; Invalid when it is no address."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    if not _EMAIL.fullmatch(email) or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") for c in email):
        raise Invalid(problems=[Problem("bad_email", "is not an e-mail address", field="email")])
    return email


def _no_device(_email: str) -> str | None:
    return None


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
        # Many addresses guessing at one account. Whoever has logged in to it from here before is not made to wait.
        self._everywhere = Backoff(free=50, longest_s=60, clock=monotonic)
        self._known_places: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def create(self, email: str, password: str, role: Role = Role.USER) -> User:
        """A new account; Conflict when the address is taken."""
        normal = normal_email(email)
        check_password(password)
        if await self.is_taken(normal):
            raise _taken()
        user = User(new_id(), normal, await self._passwords.hash(password), role, self._clock())
        try:
            await self._users.create(user)
        except Conflict:
            raise _taken() from None
        return user

    async def log_in(self, email: str, password: str, address: str, device: Device = _no_device) -> User:
        """The user whose password this is; otherwise Unauthenticated, alike for unknown addresses.

        `address` is where the request came from, of which the network counts in IPv6: failures slow down this account
        from there, and everything from there. Very many failures from anywhere slow down the account for strangers, but
        neither for the places it was used from before nor for a known `device` of it, whose failures are counted apart.
        """
        normal = normal_email(email)
        check_password(password)
        address = network_of(address) or address
        tries = self._tries(normal, address, device(normal))
        wait = max(backoff.wait_s(key) for backoff, key in tries)
        if wait:
            raise TooManyRequests("too many failed logins", retry_after_s=wait, hint=f"wait {wait} s")
        for backoff, key in tries:
            backoff.tried(key)
        try:
            user = await self._users.by_email(normal)
            right = await self._passwords.matches(password, user.password_hash if user else None)
        except FlowDeskError:  # nothing was tried after all
            for backoff, key in tries:
                backoff.take_back(key)
            raise
        if user is None or not right:
            raise Unauthenticated("e-mail address or password is wrong", code="bad_credentials")
        tries[0][0].succeeded(tries[0][1])
        for backoff, key in tries[1:]:
            backoff.take_back(key)
        self._remember_place(normal, address)
        if self._passwords.outdated(user.password_hash):
            await self._users.update(user.id, password_hash=await self._passwords.hash(password))
        return user

    def _tries(self, email: str, address: str, device: str | None) -> list[tuple[Backoff, Hashable]]:
        """What a failure of this login counts for; that of this account from this place comes first."""
        if device is not None:
            return [(self._per_account, (email, f"device {device}"))]
        tries: list[tuple[Backoff, Hashable]] = [(self._per_account, (email, address)), (self._per_address, address)]
        if (email, address) not in self._known_places:
            tries.append((self._everywhere, email))
        return tries

    def _remember_place(self, email: str, address: str) -> None:
        self._known_places[email, address] = None
        self._known_places.move_to_end((email, address))
        if len(self._known_places) > MAX_REMEMBERED:
            self._known_places.popitem(last=False)

    async def change_password(self, user: User, current: str, new: str, address: str) -> User:
        """The user with another password, whose tokens all have ended; who guesses at the old one is slowed down."""
        check_password(new, field="new")
        if user.password_hash == UNUSABLE:
            raise Refused("this account has no password", code="no_password", hint="it belongs to this machine")
        await self.log_in(user.email, current, address)
        hashed = await self._passwords.hash(new)
        await self._users.update(user.id, password_hash=hashed)
        return await self.end_tokens(user)

    async def end_tokens(self, user: User) -> User:
        """The user, whose tokens all have ended."""
        current = await self._users.by_id(user.id)
        if current is None:
            raise NotFound
        await self._users.update(user.id, token_version=current.token_version + 1)
        self._remembered.pop(user.id, None)
        return replace(current, token_version=current.token_version + 1)

    async def is_taken(self, email: str) -> bool:
        """Whether an address in its normal form has an account; for the few who may know."""
        return email == LOCAL_EMAIL or await self._users.by_email(email) is not None

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
