"""`make demo`: all of FlowDesk in half a minute, with real processes, real sockets and a real kill -9.

Exit code 0 only if everything that is shown really happened. Everything it starts and writes is gone afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from engine.errors import FlowDeskError
from examples.demo_partner import FAILURES, Partner, partner
from flowdesk import child
from flowdesk.client import Client
from flowdesk.files import find_files, read_text
from flowdesk.replies import EventDoc
from flowdesk.show.paint import Paint, paint_for
from flowdesk.show.story import Story
from flowdesk.show.table import Column, table
from flowdesk.show.text import parse_time

EXAMPLES: Final = Path(__file__).resolve().parent
TIME_S: Final = 60
LIVE_MS: Final = 1000
NOWHERE: Final = "https://partner.example.com"


class Failed(Exception):
    """Something that should have happened did not."""


def check(true: object, otherwise: str) -> None:
    """Stop the demo unless this is true."""
    if not true:
        raise Failed(otherwise)


@dataclass
class Followed:
    """What was seen of a run, and the longest time between an event and its arrival here."""

    story: Story
    events: list[EventDoc] = field(default_factory=list)
    latest_ms: float = 0

    def take(self, event: EventDoc) -> None:
        """Note an event."""
        happened = parse_time(event["at"])
        if happened is not None:
            self.latest_ms = max(self.latest_ms, (datetime.now(UTC) - happened).total_seconds() * 1000)
        self.events.append(event)


@dataclass
class Demo:
    """One server in one temporary directory, one partner, one user."""

    partner: Partner
    directory: Path
    web: aiohttp.ClientSession
    paint: Paint
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    workflows: dict[str, str] = field(default_factory=dict)
    killed_at: float = 0

    def say(self, text: str = "") -> None:
        """One line for the audience."""
        print(text, flush=True)

    @contextmanager
    def part(self, title: str) -> Iterator[list[str]]:
        """A chapter; what is put into the list goes into the closing table."""
        number = len(self.rows) + 1
        self.say(f"\n{self.paint.bold(f'{number}. {title}')}")
        begun, shown = time.monotonic(), list[str]()
        yield shown
        self.rows.append((title, "; ".join(shown), f"{time.monotonic() - begun:.1f} s"))

    async def start(self) -> child.Child:
        """A server on a free port with the demo's data directory."""
        kept = {n: v for n, v in os.environ.items() if not n.startswith("FLOWDESK_") and n != "PORT"}
        settings = {"FLOWDESK_DATA_DIR": str(self.directory), "FLOWDESK_EGRESS_ALLOW": "127.0.0.1"}
        return await child.start(self.directory, kept | settings, "--embedded")

    async def fire(self, client: Client, name: str, data: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Call a workflow's webhook as a stranger would: no token, plain HTTP."""
        url = f"{client.url}/api/hooks/{self.workflows[name]}"
        async with self.web.post(url, json=data) as answer:
            body = await answer.json(content_type=None)
            self.say(f"   POST /api/hooks/{self.workflows[name][:8]}…  ->  {answer.status}")
            return answer.status, body

    async def follow(self, client: Client, run_id: str, *, after: int = 0) -> Followed:
        """Print a run's events as they arrive, to the end of the run; the ones up to `after` are known already."""
        run = await client.runs.get(run_id)
        workflow = await client.workflows.get(run["workflowId"])
        followed = Followed(Story((step["id"] for step in workflow["steps"]), self.paint))
        async for event in client.events.run(run_id):
            lines = followed.story.tell(event)
            if event["seq"] > after:
                followed.take(event)
                for line in lines:
                    self.say(f"   {line}")
        return followed


async def load(demo: Demo, client: Client) -> None:
    """Create every example as a workflow, pointed at our partner and, for the cron example, at every second."""
    with demo.part("The example workflows are loaded") as shown:
        for path in find_files([EXAMPLES]):
            text = path.read_text(encoding="utf-8").replace(NOWHERE, demo.partner.url)
            document = read_text(path, text).document
            if path.stem == "web-check":
                document["enabled"] = True
                document["steps"][0]["params"]["cron"] = "* * * * * *"
                document["steps"][1]["params"]["url"] = f"{demo.partner.url}/page"
            made = await client.workflows.create(document)
            demo.workflows[path.stem] = made["id"]
            demo.say(f"   {path.name:<22} {made['name']}")
        check(len(demo.workflows) >= 6, "not all examples were loaded")
        shown.append(f"{len(demo.workflows)} workflows created over HTTP")


async def webhook(demo: Demo, client: Client) -> None:
    """A webhook that branches and answers its caller with the result of the run."""
    with demo.part("A webhook is answered with the result of its run") as shown:
        status, body = await demo.fire(
            client, "order-intake", {"email": "user@example.com", "name": "Ali", "total": 2500}
        )
        check(status == 201 and body["lane"] == "express", f"answered with {status}: {body}")
        check("Ali" in body["message"], f"the template was not filled in: {body}")
        demo.say(f"   {body['message']}")
        run = await client.runs.get(body["run"])
        check(run["status"] == "SUCCESS", f"the run is {run['status']}")
        status, body = await demo.fire(client, "order-intake", {"name": "Nobody"})
        check(status == 422, f"an order without an address was answered with {status}")
        shown.append("templates, two branches, 201 and 422")


async def retries(demo: Demo, client: Client) -> None:
    """A step that fails twice, seen live."""
    with demo.part("The live log of a run whose partner fails twice") as shown:
        status, body = await demo.fire(client, "flaky-partner", {"email": "user@example.com", "name": "Ali"})
        check(status == 202, f"answered with {status} instead of 202")
        followed = await demo.follow(client, body["runId"])
        check(followed.story.status == "SUCCESS", f"the run ended as {followed.story.status}")
        check(followed.latest_ms < LIVE_MS, f"the log was not live: {followed.latest_ms:.0f} ms late")
        failures = [event for event in followed.events if event["type"] == "step.failed"]
        check(len(failures) == FAILURES, f"{len(failures)} attempts failed, not {FAILURES}")
        check(demo.partner.count("/customers") == FAILURES + 1, "the partner was not called three times")
        check(len(demo.partner.keys("/customers")) == 1, "the attempts did not share one Idempotency-Key")
        shown.append(f"success at attempt {FAILURES + 1}, one Idempotency-Key")
        shown.append(f"lines arrived within {followed.latest_ms:.0f} ms")


async def cron(demo: Demo, client: Client) -> None:
    """The schedule has been ticking since it was loaded; two of its runs are enough."""
    with demo.part("A schedule starts runs by itself, here every second") as shown:
        workflow_id, ticks = demo.workflows["web-check"], set[str]()
        async for event in client.events.workflow(workflow_id, after=None):
            if event["type"] == "run.succeeded":
                run = await client.runs.get(event["runId"])
                check(run["trigger"]["kind"] == "cron", f"started by {run['trigger']['kind']}, not by cron")
                meta = run["trigger"].get("meta") or {}
                ticks.add(str(meta.get("scheduledAt")))
                (said,) = [line["message"] for line in run["logs"] if line["type"] == "step.log"]
                demo.say(f"   run {run['id']} for {meta.get('scheduledAt')}: {said}")
            if len(ticks) == 2:
                break
        document = await client.workflows.get(workflow_id)
        await client.workflows.save(workflow_id, {**document, "enabled": False})
        runs = (await client.runs.list(workflow_id=workflow_id, trigger="cron", limit=200)).items
        check(len(runs) >= 2, "the schedule started no two runs")
        shown.append("two ticks, one run each")


async def crash(demo: Demo, client: Client, server: child.Child) -> tuple[str, int]:
    """Kill the server while a step is under way; the run and how far it was seen."""
    with demo.part("kill -9 in the middle of a run") as shown:
        status, body = await demo.fire(client, "fulfilment", {"order": "A-17"})
        check(status == 202, f"answered with {status} instead of 202")
        await demo.partner.charging.wait()
        before = await client.runs.get(body["runId"])
        finished = [step["id"] for step in before["steps"] if step["status"] == "SUCCESS"]
        demo.say(f"   {', '.join(finished)} finished, charge is under way at the partner")
        check("reserve" in finished, "the first call had not finished")
        check(before["status"] == "RUNNING", f"the run is {before['status']}")
        demo.killed_at = time.monotonic()
        server.process.kill()
        code = await server.process.wait()
        check(code == -9, f"the server left with {code}")
        demo.say(f"   kill -9 {server.server.pid}")
        shown.append("the process died with a step in flight")
        return body["runId"], before["seq"]


async def recover(demo: Demo, server: child.Child, token: str, run_id: str, seq: int) -> None:
    """Watch the new server finish what the old one left."""
    with demo.part("After the restart the run goes on") as shown:
        demo.say(f"   {server.server.url}, process {server.server.pid}, the same data directory")
        async with Client(server.server.url, token) as client:
            followed = await demo.follow(client, run_id, after=seq)
        gone_s = time.monotonic() - demo.killed_at
        check(followed.story.status == "SUCCESS", f"the run ended as {followed.story.status}")
        seqs = [event["seq"] for event in followed.events]
        check(seqs == list(range(seq + 1, seq + 1 + len(seqs))), "the journal has gaps")
        calls = {path: demo.partner.count(path) for path in ("/reserve", "/charge", "/ship")}
        demo.say("   calls the partner saw: " + ", ".join(f"{path} {times}" for path, times in calls.items()))
        check(calls["/reserve"] == 1, "a finished step was repeated")
        check(calls["/charge"] == 2, "the step in flight was not repeated exactly once")
        check(calls["/ship"] == 1, "a later step did not happen exactly once")
        check(len(demo.partner.keys("/charge")) == 1, "the repetition had another Idempotency-Key")
        shown.append("no finished step repeated; the one in flight again with its key")
        shown.append(f"all done {gone_s:.1f} s after the kill")


async def play(demo: Demo) -> None:
    """All chapters in order."""
    async with AsyncExitStack() as stack:
        with demo.part("A server starts and a user registers") as shown:
            first = await demo.start()
            stack.push_async_callback(first.stop)
            demo.say(f"   {first.server.url}, process {first.server.pid}, data in a temporary directory")
            async with Client(first.server.url) as stranger:
                session = await stranger.register("demo@example.com", "abc123")
            demo.say(f"   {session['user']['email']} registered")
            shown.append("a real process on a free port")
        async with Client(first.server.url, session["token"]) as client:
            await load(demo, client)
            await webhook(demo, client)
            await retries(demo, client)
            await cron(demo, client)
            run_id, seq = await crash(demo, client, first)
        second = await demo.start()
        stack.push_async_callback(second.stop)
        await recover(demo, second, session["token"], run_id, seq)


async def demonstrate(paint: Paint) -> list[tuple[str, str, str]]:
    """Set the scene, play, clear away; the rows of the closing table."""
    with tempfile.TemporaryDirectory(prefix="flowdesk-demo-") as temporary, contextlib.chdir(temporary):
        directory = Path(temporary) / "data"
        async with partner() as other_side, aiohttp.ClientSession() as web:
            demo = Demo(other_side, directory, web, paint)
            try:
                async with asyncio.timeout(TIME_S):
                    await play(demo)
            except BaseException:
                show_log(directory / child.LOG_NAME)
                raise
            return demo.rows


def show_log(path: Path) -> None:
    """What the server said last, when something went wrong."""
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]:
            print(f"   server: {line}", file=sys.stderr)


def main() -> int:
    """Run the demo; 0 when all of it happened."""
    paint, begun = paint_for(sys.stdout, os.environ), time.monotonic()
    try:
        rows = asyncio.run(demonstrate(paint))
    except KeyboardInterrupt:
        return 130
    except TimeoutError:
        print(f"demo failed: not finished after {TIME_S} s", file=sys.stderr)
        return 1
    except (Failed, FlowDeskError, aiohttp.ClientError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    columns = [Column("shown"), Column("how"), Column("took", right=True)]
    print("\n" + "\n".join(table(columns, rows, paint)))
    print(f"\nAll of it really happened, in {time.monotonic() - begun:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
