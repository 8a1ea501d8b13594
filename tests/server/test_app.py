"""The application: which modules it is made of, and that a start that fails half-way leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

import server.routes
from engine.errors import Unusable
from engine.models.run import Role
from server.app import MODULES, all_routes, create_app
from server.compose import compose, flowdesk_version
from server.settings import Settings
from tests.server.live import Live, Person, eventually, greet, live, sleep, webhook
from tests.server.wire import served


def test_every_module_of_routes_is_named() -> None:
    folder = Path(server.routes.__file__ or "").parent
    assert list(MODULES) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def test_no_two_routes_are_the_same() -> None:
    assert [key for key, times in Counter((r.method, r.path) for r in all_routes()).items() if times > 1] == []
    assert [route for route in all_routes() if not route.summary or not route.tags] == []
    assert [route for route in all_routes() if route.public and route.admin] == []


async def test_the_parts_end_with_the_application(tmp_path: Path) -> None:
    async with live(tmp_path) as running:
        store = running.parts.store
        assert (await store.health()).ok
    assert not (await store.health()).ok


async def test_a_start_that_fails_half_way_lets_go_of_the_database(tmp_path: Path) -> None:
    """Whoever starts next finds the file unlocked."""
    settings = Settings(data_dir=tmp_path, start_scheduler=False)
    parts = compose(settings)

    async def fail() -> None:
        raise Unusable("no engine today")

    parts.engine.start = fail  # type: ignore[method-assign]
    with pytest.raises(Unusable, match="no engine today"):
        async with served(create_app(parts), settings):
            pass
    async with live(tmp_path) as running:
        assert (await running.call("GET", "/readyz")).status == 200


async def test_readiness_tells_of_the_store(server: Live) -> None:
    answer = await server.call("GET", "/readyz")
    assert answer.status == 200
    assert answer.json == {
        "status": "ok",
        "version": flowdesk_version(),
        "store": {"ok": True, "backend": "sqlite", "error": None},
        "engine": {"running": 0, "queued": 0, "sweeper": "ok"},
        "scheduler": "off",
        "queue": {"state": "off", "error": None},
        "bus": {"state": "off", "error": None},
        "workers": 0,
    }
    await server.parts.store.close()
    answer = await server.call("GET", "/readyz")
    assert answer.status == 503
    assert answer.json["status"] == "unavailable"
    assert answer.json["store"]["error"]
    assert (await server.call("GET", "/healthz")).status == 200


async def test_administrators_see_everybodys_things(server: Live, ali: Person) -> None:
    """Row 41."""
    workflow_id = await ali.save(greet())
    admin, other = await server.person("admin", Role.ADMIN), await server.person("other")
    assert (await admin.call("GET", f"/api/workflows/{workflow_id}")).status == 200
    assert (await other.call("GET", f"/api/workflows/{workflow_id}")).status == 404


async def test_stopping_answers_those_who_wait_and_ends_streams(tmp_path: Path) -> None:
    """Row 4: a caller waiting for a run hears that it goes on later; a stream ends; nothing is cut off."""
    async with aiohttp.ClientSession() as client:
        async with live(tmp_path, grace_s=0.2) as running:
            ali = await running.person("ali")
            workflow_id = await ali.save(webhook("sleep", respond="result"), sleep())
            head = {"Authorization": f"Bearer {ali.token}"}
            stream = await client.get(f"{running.url}/api/events", headers=head)
            waiting = asyncio.ensure_future(client.post(f"{running.url}/api/hooks/{workflow_id}", json={"a": 1}))

            async def under_way() -> bool:
                return bool(running.parts.engine.stats()["running"])

            await eventually(under_way)
        async with asyncio.timeout(5):
            answer = await waiting
            assert answer.status == 202
            assert (await answer.json())["status"] in ("QUEUED", "RUNNING", "WAITING")
            assert b"step.started" in await stream.content.read()


async def test_unknown_addresses_and_methods(server: Live) -> None:
    answer = await server.call("GET", "/api/nothing")
    assert (answer.status, answer.code) == (404, "not_found")
    answer = await server.call("PATCH", "/api/workflows")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"
