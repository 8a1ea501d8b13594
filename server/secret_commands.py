"""`flowdesk-server secrets ...`: through the running server when there is one, else in the database itself."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import click

from engine.errors import FlowDeskError, Unavailable, Unusable
from engine.secret_rows import Secrets
from server.compose import make_keyring, make_store
from server.environment import load_settings
from server.exits import Exit, exit_code
from server.launch import complain
from server.logs import visible
from server.preflight import prepare_data_dir
from server.settings import Settings
from server.state_file import read_state
from server.user_commands import client_of, is_living, read_answer
from server.vault.keyring import Keyring
from server.vault.rotation import discard, rotate


def run_secrets(given: Mapping[str, Any], action: Callable[[Settings], Awaitable[None]]) -> int:
    """Do this with these settings; the exit code."""
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        os.umask(0o077)
        asyncio.run(_run(action, load_settings(os.environ, Path(".env"), given)))
    except FlowDeskError as error:
        complain(error)
        return exit_code(error)
    except (aiohttp.ClientError, TimeoutError) as error:
        complain(Unavailable(f"the running server does not answer: {error}"))
        return Exit.REFUSED
    return Exit.OK


async def _run(action: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    await action(settings)


async def rotate_key(settings: Settings, *, drop_old: bool) -> None:
    """Seal everything with a new key, and say what was done."""
    running = read_state(settings.state_file)
    if running is not None and await is_living(running):
        wanted = {"dropOld": drop_old}
        async with client_of(running) as client, client.post("/api/secrets/rotate-key", json=wanted) as response:
            done = await read_answer(response)
    else:
        found = await _stored(settings, lambda rows, keyring: rotate(rows, keyring, drop_old=drop_old))
        done = {
            "keyId": found.key_id,
            "sealed": found.sealed,
            "unopened": list(found.unopened),
            "dropped": found.dropped,
        }
    click.echo(f"sealed {done['sealed']} secrets anew; the key is {done['keyId']} now")
    if done["dropped"]:
        click.echo(f"forgot {done['dropped']} old keys: older backups can not be opened any more")
    for name in done["unopened"]:
        click.echo(f"left as it is, since no key here opens it: {visible(name)}", err=True)


async def discard_lost(settings: Settings, *, yes: bool) -> None:
    """Remove what no key here opens."""
    running = read_state(settings.state_file)
    if running is not None and await is_living(running):
        raise Unusable("a server is running here, so every secret opens; there is nothing to discard", code="settings")
    if not yes:
        click.confirm("Remove every secret that is sealed with a key that is not here?", abort=True, err=True)
    names = await _stored(settings, discard)
    for name in names:
        click.echo(f"removed {visible(name)}")
    if not names:
        click.echo("every secret opens; nothing was removed")


async def _stored(settings: Settings, work: Callable[[Secrets, Keyring], Awaitable[Any]]) -> Any:
    prepare_data_dir(settings.data_dir)
    store = make_store(settings)
    await store.open()
    try:
        return await work(store.secrets, make_keyring(settings))
    finally:
        await store.close()
