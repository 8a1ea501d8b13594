"""Live events over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.clock import now_ms
from engine.models.run import Role
from server import sse
from tests.server.live import Live, Person, action, eventually, greet, live, sleep, webhook
from tests.server.wire import connected


class Stream:
    """A reader of server-sent events that keeps everything it saw."""

    def __init__(self, reader: aiohttp.StreamReader) -> None:
        self._reader = reader
        self.last_id: str | None = None

    async def block(self) -> dict[str, str]:
        """The fields of the next block; empty at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            while True:
                line = (await self._reader.readline()).decode()
                if line in ("", "\n") and (fields or not line):
                    break
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name or ":"] = value
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def events(self, count: int | None = None) -> list[dict[str, Any]]:
        """The next events: so many, or until the stream says `end`."""
        found: list[dict[str, Any]] = []
        while count is None or len(found) < count:
            fields = await self.block()
            if not fields or fields.get("event") == "end":
                found.append({"event": fields.get("event", "closed"), "data": json.loads(fields.get("data", "null"))})
                break
            if "data" in fields:
                found.append({"event": fields["event"], "id": fields.get("id"), "data": json.loads(fields["data"])})
        return found


@asynccontextmanager
async def follow(person: Person, path: str, last_id: str | None = None) -> AsyncIterator[Stream]:
    """Listen to a stream for the length of the block."""
    headers = {"Authorization": f"Bearer {person.token}", **({"Last-Event-ID": last_id} if last_id else {})}
    async with person.live.session.get(person.live.url + path, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        yield Stream(response.content)


async def test_a_finished_run_is_told_whole(ali: Person) -> None:
    run = await ali.run(await ali.save(greet()), name="Ali")
    journal = await ali.get(f"/api/runs/{run['id']}/journal")
    async with follow(ali, f"/api/runs/{run['id']}/events") as stream:
        *events, end = await stream.events()
    assert [event["data"] for event in events] == journal
    assert [event["id"] for event in events] == [str(event["seq"]) for event in journal]
    assert [event["event"] for event in events] == [event["type"] for event in journal]
    assert end == {"event": "end", "data": {"runId": run["id"], "status": "SUCCESS"}}


async def test_a_running_run_is_told_as_it_happens(ali: Person) -> None:
    workflow_id = await ali.save(sleep("first", 150, "second"), sleep("second", 150, "done"), greet("done"))
    run_id = await ali.start(workflow_id)
    async with follow(ali, f"/api/runs/{run_id}/events") as stream:
        *events, end = await stream.events()
    journal = await ali.get(f"/api/runs/{run_id}/journal")
    assert [event["data"] for event in events] == journal
    assert end["data"]["status"] == "SUCCESS"


async def test_a_lost_connection_goes_on_where_it_was(ali: Person) -> None:
    """Row 62: every event once, whatever happens to the connection."""
    workflow_id = await ali.save(*(sleep(f"s{n}", 60, f"s{n + 1}") for n in range(4)), greet("s4"))
    run_id = await ali.start(workflow_id)
    seen: list[int] = []
    last: str | None = None
    finished = False
    while not finished:
        async with follow(ali, f"/api/runs/{run_id}/events", last) as stream:
            for event in await stream.events(3):
                finished = event["event"] == "end"
                if not finished:
                    seen.append(event["data"]["seq"])
            last = stream.last_id
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == (await ali.get(f"/api/runs/{run_id}"))["seq"]


async def test_the_place_can_be_in_the_query(ali: Person) -> None:
    run = await ali.run(await ali.save(greet()))
    async with follow(ali, f"/api/runs/{run['id']}/events?after=2") as stream:
        *events, _ = await stream.events()
    assert [event["data"]["seq"] for event in events] == list(range(3, run["seq"] + 1))
    async with follow(ali, f"/api/runs/{run['id']}/events?after=1", last_id="999999") as stream:
        assert [event["event"] for event in await stream.events()] == ["end"]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "%C2%B2", "9" * 30])
async def test_places_that_are_none_are_refused(ali: Person, after: str) -> None:
    run = await ali.run(await ali.save(greet()))
    answer = await ali.call("GET", f"/api/runs/{run['id']}/events?after={after}")
    assert answer.status == 422
    assert (await ali.call("GET", f"/api/events?after={after}-%27")).status in (400, 422)


async def test_a_reopened_run_is_followed_again(ali: Person) -> None:
    check = action("check", "core.assert", params={"condition": "has(data.name)"})
    run = await ali.run(await ali.save(check))
    (job,) = await ali.get("/api/jobs")
    await ali.call("POST", f"/api/workflows/jobs/{job['id']}/retry")
    async with follow(ali, f"/api/runs/{run['id']}/events", str(run["seq"])) as stream:
        *events, end = await stream.events()
    assert events[0]["event"] == "run.reopened"
    assert (events[-1]["event"], end["data"]["status"]) == ("run.failed", "FAILED")


async def test_all_my_runs(server: Live, ali: Person) -> None:
    veli = await server.person("veli")
    mine, theirs = await ali.save(webhook("greet"), greet()), await veli.save(webhook("greet"), greet())
    async with follow(ali, "/api/events") as stream:
        await stream.block()
        for hook in (theirs, mine, theirs, mine):
            await server.call("POST", f"/api/hooks/{hook}", {"name": "Ali"})
        events: list[dict[str, Any]] = []
        while [event["event"] for event in events].count("run.succeeded") < 2:
            events += await stream.events(1)
    assert {event["data"]["workflowId"] for event in events} == {mine}
    by_run: dict[str, list[int]] = {}
    for event in events:
        by_run.setdefault(event["data"]["runId"], []).append(event["data"]["seq"])
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_run.values())
    assert len(by_run) == 2


async def test_one_workflow(server: Live, ali: Person) -> None:
    first, second = await ali.save(greet()), await ali.save(greet())
    async with follow(ali, f"/api/workflows/{second}/events") as stream:
        await stream.block()
        await ali.run(first)
        run = await ali.run(second)
        events = await stream.events(run["seq"])
    assert {event["data"]["runId"] for event in events} == {run["id"]}


async def test_a_wide_stream_goes_on_where_it_was(ali: Person) -> None:
    """Row 62: what happens while nobody listens is told afterwards, from the place last seen."""
    workflow_id = await ali.save(greet())
    async with follow(ali, "/api/events") as stream:
        await stream.block()
        await stream.block()
        place = stream.last_id
    assert place
    runs = [await ali.run(workflow_id) for _ in range(3)]
    async with follow(ali, "/api/events", place) as stream:
        events = await stream.events(sum(run["seq"] for run in runs))
        later = await ali.run(workflow_id)
        events += await stream.events(later["seq"])
        place = stream.last_id
    expected = [(run["id"], seq) for run in [*runs, later] for seq in range(1, run["seq"] + 1)]
    assert [(event["data"]["runId"], event["data"]["seq"]) for event in events] == expected
    last = await ali.run(workflow_id)
    async with follow(ali, f"/api/events?after={place}") as stream:
        (event,) = await stream.events(1)
    assert (event["data"]["runId"], event["data"]["seq"]) == (last["id"], 1)


async def test_administrators_hear_everybody(server: Live, ali: Person) -> None:
    root = await server.person("root", Role.ADMIN)
    async with follow(root, "/api/events") as stream:
        await stream.block()
        run = await ali.run(await ali.save(greet()))
        (event,) = await stream.events(1)
    assert event["data"]["runId"] == run["id"]


async def test_no_token_no_events(server: Live, ali: Person) -> None:
    """Row 62: a stream asks for a token like everything else."""
    run = await ali.run(await ali.save(greet()))
    for path in (f"/api/runs/{run['id']}/events", "/api/events", f"/api/workflows/{run['workflowId']}/events"):
        answer = await server.call("GET", path, headers={"Origin": "https://evil.example"})
        assert answer.status == 401
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_silence_has_a_heartbeat(ali: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.streams.HEARTBEAT_S", 0.05)
    run_id = await ali.start(await ali.save(sleep()))
    for path in (f"/api/runs/{run_id}/events", "/api/events"):
        async with follow(ali, path) as stream:
            while ":" not in await stream.block():
                pass


async def test_what_the_bus_lost_is_found_in_the_journal(
    server: Live, ali: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10: the bus is a doorbell; a stream that missed a ring catches up from the journal."""
    monkeypatch.setattr("server.streams.HEARTBEAT_S", 0.05)
    run_id = await ali.start(await ali.save(sleep("s", 200, "done"), greet("done")))
    async with follow(ali, f"/api/runs/{run_id}/events") as stream:
        await stream.events(1)
        monkeypatch.setattr(server.parts.bus, "publish", lambda item: None)
        *events, end = await stream.events()
    assert end["data"]["status"] == "SUCCESS"
    assert events[-1]["event"] == "run.succeeded"


async def test_a_slow_reader_is_cut_off_and_fills_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 62: a reader that does not read holds a bounded amount and is closed in the end."""
    monkeypatch.setattr(sse, "WRITE_TIMEOUT_S", 0.3)
    async with live(tmp_path / "data") as server:
        ali = await server.person("ali")
        steps = [action(f"s{n}", "data.set", f"s{n + 1}", params={"values": {"t": "{{t}}"}}) for n in range(100)]
        run = await ali.run(await ali.save(*steps, greet("s100")), t="x" * 50_000)
        port = int(server.url.rpartition(":")[2])
        async with connected(port) as (reader, writer):
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            request = (
                f"GET /api/runs/{run['id']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ali.token}\r\n\r\n"
            )
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request.encode())
            bus = server.parts.bus

            async def listening() -> bool:
                return bus.listened_to

            async def gone() -> bool:
                return not bus.listened_to

            await eventually(listening)
            await eventually(gone)


async def test_streams_end_with_the_server(tmp_path: Path) -> None:
    """Row 4: open streams do not hold up the end of the server, and their readers see an end in good order."""
    clock = asyncio.get_running_loop().time
    async with AsyncExitStack() as running, aiohttp.ClientSession() as session:
        server = await running.enter_async_context(live(tmp_path / "data"))
        ali = await server.person("ali")
        run_id = await ali.start(await ali.save(sleep()))
        headers = {"Authorization": f"Bearer {ali.token}"}
        streams = [
            await session.get(server.url + path, headers=headers)
            for path in ("/api/events", f"/api/runs/{run_id}/events")
        ]
        for stream in streams:
            await stream.content.readline()
        begin = clock()
        await running.aclose()
        took = clock() - begin
        rest = [(await stream.read()).decode() for stream in streams]
    assert took < 2 + 1.5, "the grace time of the running step, and no wait for the streams"
    assert "event: end" not in "".join(rest)


async def test_a_place_that_is_too_old_is_told_so(server: Live, ali: Person) -> None:
    """Row 62: who comes back after the retention time learns that something is missing, and goes on."""
    workflow_id = await ali.save(greet())
    async with follow(ali, "/api/events") as stream:
        await stream.block()
        await ali.run(workflow_id)
        await stream.events(1)
        place = stream.last_id or (await stream.block())["id"]
    for _ in range(3):
        await ali.run(workflow_id)
    pruned = await server.parts.store.runs.prune(finished_before=now_ms() + 60_000, limit=100)
    assert pruned.runs == 4
    async with follow(ali, "/api/events", place) as stream:
        fields = await stream.block()
        while "event" not in fields:
            fields = await stream.block()
        assert fields["event"] == "gap"
        run = await ali.run(workflow_id)
        events = await stream.events(run["seq"])
    assert {event["data"]["runId"] for event in events} == {run["id"]}
