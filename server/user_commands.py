"""`flowdesk-server user ...`: through the running server when there is one, else in the database itself."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import click

from engine.errors import BadJson, Conflict, FlowDeskError, Invalid, Unavailable, Unusable
from engine.jsonio import parse_json
from engine.models.run import Role
from server.account_documents import user_json
from server.accounts import Accounts
from server.compose import make_store
from server.environment import load_settings
from server.exits import Exit, exit_code
from server.launch import complain
from server.passwords import Passwords
from server.preflight import prepare_data_dir
from server.settings import Settings
from server.state_file import Running, read_state

TIMEOUT_S: Final = 30.0
PAGE: Final = 200

UserJson = dict[str, Any]


class Directory(Protocol):
    """Where accounts are made and listed."""

    async def create(self, email: str, password: str, role: Role) -> UserJson:
        """A new account."""

    async def page(self, cursor: str | None) -> tuple[list[UserJson], str | None]:
        """Some accounts, and where the list goes on."""


class Stored:
    """The database itself, while no server runs."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def create(self, email: str, password: str, role: Role) -> UserJson:
        """A new account."""
        return user_json(await self._accounts.create(email, password, role))

    async def page(self, cursor: str | None) -> tuple[list[UserJson], str | None]:
        """Some accounts, and where the list goes on."""
        page = await self._accounts.page(limit=PAGE, cursor=cursor)
        return [user_json(user) for user in page.items], page.cursor


class Served:
    """The running server."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def create(self, email: str, password: str, role: Role) -> UserJson:
        """A new account."""
        document = {"email": email, "password": password, "role": role.value}
        async with self._client.post("/api/users", json=document) as response:
            made: UserJson = await read_answer(response)
            return made

    async def page(self, cursor: str | None) -> tuple[list[UserJson], str | None]:
        """Some accounts, and where the list goes on."""
        params = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        async with self._client.get("/api/users", params=params) as response:
            return await read_answer(response), response.headers.get("X-Next-Cursor")


async def read_answer(response: aiohttp.ClientResponse) -> Any:
    """What the server says; raises what it refuses with."""
    try:
        value = parse_json(await response.read())
    except BadJson:
        raise Unavailable(f"the server at {response.url.origin()} does not speak FlowDesk") from None
    if response.status < 400:
        return value
    raise (Conflict if response.status == 409 else Invalid)(value.get("detail"), code=value.get("code"))


@asynccontextmanager
async def directory(settings: Settings) -> AsyncIterator[Directory]:
    """The way to the accounts of this data directory."""
    running = read_state(settings.state_file)
    if running is not None and await is_living(running):
        async with client_of(running) as client:
            yield Served(client)
        return
    prepare_data_dir(settings.data_dir)
    store = make_store(settings)
    passwords = Passwords(settings.bcrypt_cost)
    await store.open()
    try:
        yield Stored(Accounts(store.users, passwords))
    finally:
        passwords.close()
        await store.close()


def client_of(running: Running) -> aiohttp.ClientSession:
    """Requests to the running server, as its local administrator."""
    return aiohttp.ClientSession(
        running.url,
        headers={"Authorization": f"Bearer {running.token}"},
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        trust_env=False,
    )


async def is_living(running: Running) -> bool:
    """Whether the server of the state file answers and knows its token; a stale file's process id may be reused."""
    try:
        async with client_of(running) as client, client.get("/api/me") as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def run_command(given: Mapping[str, Any], action: Callable[[Directory], Awaitable[None]]) -> int:
    """Do this with the accounts; the exit code."""

    async def work(settings: Settings) -> None:
        async with directory(settings) as users:
            await action(users)

    logging.getLogger().addHandler(logging.NullHandler())
    try:
        os.umask(0o077)
        asyncio.run(work(load_settings(os.environ, Path(".env"), given)))
    except FlowDeskError as error:
        complain(error)
        return exit_code(error)
    except (aiohttp.ClientError, TimeoutError) as error:
        complain(Unavailable(f"the running server does not answer: {error}"))
        return Exit.REFUSED
    return Exit.OK


async def add(users: Directory, email: str, admin: bool, password_stdin: bool) -> None:
    """Make an account and say so."""
    made = await users.create(email, _password(password_stdin), Role.ADMIN if admin else Role.USER)
    click.echo(f"made {made['email']} ({made['role']})")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Unusable("there is no terminal to ask for a password", code="settings", hint="use --password-stdin")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


async def show_all(users: Directory) -> None:
    """One line for each account."""
    cursor: str | None = None
    while True:
        found, cursor = await users.page(cursor)
        for user in found:
            click.echo(f"{user['id']}  {user['role']:5}  {user['createdAt']}  {user['email']}")
        if cursor is None:
            return
