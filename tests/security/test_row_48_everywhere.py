"""Row 48: a secret used in every way is looked for in every table, file, answer, metric and log line.

The screens of the terminal UI are looked at in tests/tui/test_secret_on_screens.py.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from redis import asyncio as redis

from server.app import all_routes
from tests.security.canary import CANARY, shown_in_database, shown_in_files, shows
from tests.security.conftest import Lines
from tests.security.echo import Echo
from tests.security.test_row_48_secret_shown import exercise, keep
from tests.server.live import UNKNOWN, Live, Person, live
from tests.server.test_idor import Things

STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"


async def answers(ali: Person, run_id: str) -> dict[str, str]:
    """Every GET there is but for live events, about the run and its workflow, by address."""
    run = await ali.get(f"/api/runs/{run_id}")
    (job,) = await ali.get("/api/jobs")
    ids = (run["workflowId"], run_id, job["id"], UNKNOWN, "CANARY", ali.user.id, ali.user.id, *[UNKNOWN] * 3)
    things, found = Things(*ids), {}
    for route in all_routes():
        named = "{" in route.path and route.public  # those carry a credential of their own
        if route.method == "GET" and not route.path.endswith("/events") and not named:
            path = things.path(route)
            answer = await ali.call("GET", path)
            found[path] = f"{answer.body!r} {dict(answer.headers)}"
    return found


async def told(server: Live, ali: Person, echo: Echo, logged: Lines) -> dict[str, str]:
    """All that is said of a run that used the secret in every way, by place."""
    await keep(ali)
    run_id = await exercise(ali, echo)
    assert all(CANARY in text for text in echo.heard), "the service itself must get it"
    texts = await answers(ali, run_id)
    assert len(texts) > 30
    admin = server.parts.tokens.issue(await server.parts.accounts.local_user())
    texts["metrics"] = (await server.call("GET", "/metrics", token=admin)).body.decode()
    texts["logs"] = "\n".join(logged.lines)
    return texts


async def test_it_is_nowhere(server: Live, ali: Person, echo: Echo, logged: Lines, tmp_path: Path) -> None:
    """Row 48: not in any of them, in no form and in no part, although the service that got it sent it back."""
    texts = await told(server, ali, echo, logged)
    assert {where: form for where, text in texts.items() if (form := shows(text)) is not None} == {}
    assert shown_in_database(server.parts.settings.database) == []
    assert shown_in_files(tmp_path) == []


async def test_it_is_nowhere_in_mongodb_and_redis_either(
    echo: Echo, logged: Lines, tmp_path: Path, mongo_url: str, redis_url: str
) -> None:
    """Row 48: the same, and in no collection and under no key."""
    settings: dict[str, Any] = {"mongo_url": mongo_url, "redis_url": redis_url, "jwt_secret": STRONG}
    settings["secrets_key"] = base64.b64encode(bytes(range(32))).decode()
    async with live(tmp_path / "data", **settings) as server:
        ali = await server.person("ali")
        texts = await told(server, ali, echo, logged)
        texts |= await _in_mongodb(mongo_url)
    texts |= await _in_redis(redis_url)
    assert "mongodb runs" in texts
    assert {where: form for where, text in texts.items() if (form := shows(text)) is not None} == {}
    assert shown_in_files(tmp_path) == []


async def _in_mongodb(url: str) -> dict[str, str]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(url)
    database = client.get_default_database()
    found = {}
    for name in await database.list_collection_names():
        found[f"mongodb {name}"] = "\n".join([repr(document) async for document in database[name].find()])
    client.close()
    return found


async def _in_redis(url: str) -> dict[str, str]:
    found = {}
    async with redis.from_url(url) as client:
        async for key in client.scan_iter():
            found[f"redis {key!r}"] = repr(await client.dump(key))
    return found
