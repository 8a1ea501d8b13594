"""The processes that share the store: who lives, what they hold, whether they fit together."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from aiohttp import web
from pydantic import AwareDatetime

from engine.clock import iso
from engine.models.base import Document
from engine.store import Store
from server.fleet import Member, differences, living
from server.keys import ENGINE, STORE
from server.requests import json_response
from server.routing import Route

SOME_RUNS: Final = 10


class HeldRuns(Document):
    """The unfinished runs a process executes."""

    count: int
    """How many there are."""
    ids: list[str]
    """The ids of at most ten of them."""


class Worker(Document):
    """A living process that executes runs: a server or a worker."""

    id: str
    """The name under which it holds runs."""
    role: Literal["server", "worker"] | None
    """What it is; null when it does not say."""
    host: str | None
    """The machine it is on."""
    pid: int | None
    """Its process id there."""
    version: str | None
    """Its FlowDesk."""
    since: AwareDatetime | None
    """When it started."""
    last_beat_at: AwareDatetime | None
    """When it last said that it lives."""
    executes: Literal["all", "fresh", "none"] | None
    """Which runs it executes: all, only those it accepts itself, or none."""
    concurrency: int | None
    """How many runs it executes at the same time at most."""
    runs: HeldRuns
    """What it executes now."""
    differences: list[str]
    """What about it does not go with the server that answers, and what to do about it."""
    answering: bool
    """Whether it is the server that answers."""


async def index(request: web.Request) -> web.StreamResponse:
    """Every living process, servers first, the oldest first."""
    engine, store = request.app[ENGINE], request.app[STORE]
    now = engine.clock()
    mine = Member(engine.owner, engine.info)
    members = living(await store.upkeep.processes(), now)
    members.sort(key=lambda member: (member.says("role") != "server", member.says("since", 0), member.owner))
    return json_response(list(await asyncio.gather(*(_document(store, mine, member, now) for member in members))))


async def _document(store: Store, mine: Member, member: Member, now: int) -> dict[str, Any]:
    held = await store.runs.held(member.owner, limit=SOME_RUNS)
    return {
        "id": member.owner,
        "role": member.says("role"),
        "host": member.says("host"),
        "pid": member.says("pid"),
        "version": member.says("version"),
        "since": _time(member.says("since")),
        "lastBeatAt": _time(member.says("at")),
        "executes": member.says("executes"),
        "concurrency": member.says("concurrency"),
        "runs": {"count": held.count, "ids": held.run_ids},
        "differences": [] if member.owner == mine.owner else differences(mine, member, now),
        "answering": member.owner == mine.owner,
    }


def _time(at: int | None) -> str | None:
    return None if at is None else iso(at)


routes = [
    Route(
        "GET",
        "/api/workers",
        index,
        admin=True,
        summary="List the processes that execute runs",
        description="Servers and workers that have given a sign of life lately, with what they hold.",
        response=list[Worker],
        tags=("health",),
    )
]
