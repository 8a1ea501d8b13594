"""Which server it is."""

from __future__ import annotations

from pathlib import Path

from server.compose import flowdesk_version
from tests.server.live import Live, Person, live


async def test_a_server_says_who_it_is(server: Live, ali: Person) -> None:
    assert await ali.get("/api/server") == {
        "version": flowdesk_version(),
        "label": "",
        "storage": "sqlite",
        "queue": "off",
        "url": server.url,
    }


async def test_an_operator_may_name_it(tmp_path: Path) -> None:
    async with live(tmp_path / "data", label="production") as server:
        ali = await server.person("ali")
        assert (await ali.get("/api/server"))["label"] == "production"


async def test_those_that_watch_it_see_the_version_and_not_the_label(tmp_path: Path) -> None:
    async with live(tmp_path / "data", label="production") as server:
        for path in ("/healthz", "/readyz"):
            answer = await server.call("GET", path)
            assert answer.json["version"] == flowdesk_version()
            assert b"production" not in answer.body
