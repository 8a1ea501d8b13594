"""Kills processes and looks at what they left: the invariants R1 to R6 and R12, for any number of runs and kills."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter
from engine.stores.sqlite.store import SqliteStore


@dataclass
class Scene:
    """One data directory and the processes that lived and died on it."""

    directory: Path
    workflow: str = "chain"
    accepted: dict[str, str] = field(default_factory=dict)
    kills: int = 0

    def command(self, accept: int, kill: str = "", keys: str = "") -> list[str]:
        base = [sys.executable, "-P", "-m", "tests.crash.victim", str(self.directory), "--workflow", self.workflow]
        more = [*(["--kill", kill] if kill else []), *(["--keys", keys] if keys else [])]
        return [*base, "--accept", str(accept), *more]

    def spawn(self, accept: int = 0, kill: str = "", keys: str = "") -> subprocess.Popen[str]:
        """Start a victim."""
        return subprocess.Popen(
            self.command(accept, kill, keys),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=ENV,
        )

    def live(self, accept: int = 0, kill: str = "", keys: str = "") -> str:
        """Let a victim live until it dies or is done; note what it accepted."""
        process = self.spawn(accept, kill, keys)
        out, err = process.communicate(timeout=90)
        self.note(out)
        if kill:
            assert process.returncode == -signal.SIGKILL, f"{kill} was never reached: {out}{err}"
            self.kills += 1
        else:
            assert process.returncode == 0, err
            assert out.endswith("done\n")
        return out

    def note(self, out: str) -> None:
        """Remember the runs a victim said it had accepted; a line cut short by the kill was not said."""
        for line in out.split("\n")[:-1]:
            if line.startswith("accepted "):
                _, key, run_id = line.split()
                known = self.accepted.setdefault(key, run_id)
                assert known == run_id, f"R6: the key {key} gave {known} and then {run_id}"

    def effects(self) -> Counter[tuple[str, str]]:
        """How often each step of each run was executed."""
        return Counter((line[0], line[1]) for line in self._lines())

    def keys(self) -> dict[tuple[str, str], set[str]]:
        """The idempotency keys each step of each run was executed with."""
        found: dict[tuple[str, str], set[str]] = {}
        for run, step, _, key in self._lines():
            found.setdefault((run, step), set()).add(key)
        return found

    def _lines(self) -> list[list[str]]:
        path = self.directory / "effects.log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def runs(self) -> list[RunRow]:
        """Every run there is."""
        return asyncio.run(self._runs())

    def journals(self) -> dict[str, list[Event]]:
        """The journals of all runs, by run."""
        return asyncio.run(self._journals())

    async def _journals(self) -> dict[str, list[Event]]:
        store = SqliteStore(self.directory / "flowdesk.db")
        await store.open()
        page = await store.runs.page(RunFilter(owner=ANYONE), limit=200)
        found = await store.runs.journals([row.id for row in page.items])
        await store.close()
        return found

    async def _runs(self) -> list[RunRow]:
        store = SqliteStore(self.directory / "flowdesk.db")
        await store.open()
        rows: list[RunRow] = []
        cursor = None
        while True:
            page = await store.runs.page(RunFilter(owner=ANYONE), limit=200, cursor=cursor)
            rows += page.items
            if page.cursor is None:
                break
            cursor = page.cursor
        self.repeated = await self._repeated(store, [row.id for row in rows])
        await store.close()
        return rows

    async def _repeated(self, store: SqliteStore, run_ids: list[str]) -> list[str]:
        """Steps that were started although the journal says they had succeeded, and journals with a gap."""
        wrong = []
        for run_id, events in (await store.runs.journals(run_ids)).items():
            if [event.seq for event in events] != list(range(1, len(events) + 1)):
                wrong.append(f"{run_id}: the journal has a gap")
            done = set()
            for event in events:
                if event.type is EventType.STEP_STARTED and event.step_id in done:
                    wrong.append(f"{run_id}: {event.step_id} ran again")
                if event.type is EventType.STEP_SUCCEEDED:
                    done.add(event.step_id)
        return wrong

    def check(self, steps: list[str], *, in_flight: int, attempts: int = 1) -> None:
        """All invariants; `in_flight` is how many steps may have been under way at each kill."""
        rows = {row.id: row for row in self.runs()}
        missing = [run_id for run_id in self.accepted.values() if run_id not in rows]
        assert not missing, f"R1: accepted and lost: {missing}"
        unfinished = [row.id for row in rows.values() if row.finished_at is None]
        assert not unfinished, f"R2: never ended: {unfinished}"
        failed = [(row.id, row.error) for row in rows.values() if row.error_code]
        assert not failed, f"R2: failed: {failed[:3]}"
        assert not self.repeated, f"R3: {self.repeated}"
        effects = self.effects()
        for run_id in rows:
            for step in steps:
                assert effects[run_id, step] >= 1, f"R4: {step} of {run_id} never ran"
        wanted = len(rows) * sum(attempts if step == "pay" else 1 for step in steps)
        extra = sum(effects.values()) - wanted
        assert extra <= in_flight * self.kills, f"R4: {extra} extra executions after {self.kills} kills"
        different = {step: keys for step, keys in self.keys().items() if len(keys) > 1}
        assert not different, f"R5: {different}"


ROOT = Path(__file__).parents[2]
ENV = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
