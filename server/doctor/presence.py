"""Who uses the database now: a server on this file, or processes all over by their heartbeats."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import aiohttp

from engine.errors import BadJson
from engine.jsonio import parse_json
from server.compose import flowdesk_version
from server.doctor.findings import Finding, note, ok, problem, some, warning
from server.doctor.house import House
from server.fleet import Member, differences, introduction, living
from server.state_file import read_state

ANSWER_S: Final = 3.0


def look_for_server(house: House) -> None:
    """Find out whether a process has the SQLite file."""
    house.running = read_state(house.settings.state_file)
    if house.embedded:
        house.in_use = _is_locked(house.settings.database.with_name(house.settings.database.name + ".lock"))


def _is_locked(path: Path) -> bool:
    """Whether somebody holds the lock; it is asked for, shared and for a moment, and never taken."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


async def check_server(house: House) -> AsyncIterator[Finding]:
    """Whether the server on this machine answers and takes work."""
    running = house.running
    if running is None or (house.embedded and not house.in_use):
        if house.in_use:
            yield note("server", "the database is in use by a program that is no server: a copy, a restore, or a start")
        else:
            yield note("server", "no server runs on this data directory", "flowdesk serve starts one")
        return
    begun = perf_counter()
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as client,
            client.get(f"{running.url}/readyz") as response,
        ):
            document = parse_json(await response.read())
            status = response.status
    except (aiohttp.ClientError, TimeoutError, BadJson) as error:
        said = str(error) or f"nothing within {ANSWER_S:g} s"
        yield problem("server", f"process {running.pid} at {running.url} does not answer: {said}")
        return
    took = (perf_counter() - begun) * 1000
    if status == 200:
        yield ok("server", f"process {running.pid} at {running.url} takes work, answered in {took:.0f} ms")
    else:
        yield problem("server", f"process {running.pid} at {running.url} takes no work: {_why(document)}")


def _why(document: object) -> str:
    store = document.get("store") if isinstance(document, dict) else None
    return str(store.get("error")) if isinstance(store, dict) and store.get("error") else "it does not say why"


async def check_processes(house: House) -> AsyncIterator[Finding]:
    """Who executes runs of a database that many share, and whether they fit together."""
    if house.store is None or house.embedded:
        return
    now = house.now()
    processes = await house.store.upkeep.processes()
    members = living(processes, now)
    if members:
        yield ok("processes", f"{len(members)} live: {some(member.name for member in members)}")
    else:
        yield warning("processes", "nobody executes runs")
    silent = [process.owner for process in processes if process.until <= now]
    if silent:
        yield note("processes", f"no heartbeat any more: {some(silent)}", "their runs are taken up by others")
    mine = introduction("server", house.settings, house.registry, version=flowdesk_version(), now=now)
    for member in members:
        for text in differences(Member("doctor", mine), member, now):
            yield warning("processes.differ", f"{member.name}: {text}")
    if not any(member.says("role") == "worker" for member in members):
        for found in _without_workers(house, served=bool(members)):
            yield found


def _without_workers(house: House, *, served: bool) -> Iterator[Finding]:
    wanted = house.settings.workers_execute
    if wanted == "all" and served:
        yield problem("workers", "FLOWDESK_WORKERS=all leaves every run to workers, and none lives")
    elif wanted == "retries" and served:
        yield note("workers", "no worker lives; servers take up retries themselves, some seconds later")
