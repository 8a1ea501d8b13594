"""Runs in SQLite: what is written goes through the writer's queue, what is read through readers of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from engine.errors import NotFound
from engine.jsonio import dumps
from engine.models.event import Event
from engine.models.run import Message, RunRow
from engine.rows import every_status
from engine.store import ANYONE, Commit, FeedItem, Held, Owner, Page, Pruned, RunFilter
from engine.stores import batch
from engine.stores import cursor as cursors
from engine.stores.sqlite import inbox, retention
from engine.stores.sqlite.merged import Merged
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import RUN_COLUMNS, run_row
from engine.stores.sqlite.schema import UNFINISHED
from engine.stores.sqlite.writer import Writer

_RUN: Final = ", ".join(RUN_COLUMNS)
_BY_ID: Final = f"SELECT {_RUN} FROM runs WHERE id = :id AND (:owner IS NULL OR user_id = :owner)"
_BY_KEY: Final = f"SELECT {_RUN} FROM runs WHERE workflow_id = ? AND dedupe_key = ?"
ORDER: Final = ("created_at", "trigger", "n")

# The batch that holds `after` + 1 may begin before it; the last one that can be needed begins before after + limit.
_JOURNAL: Final = """
SELECT group_concat(events) FROM (
    SELECT events FROM journal
    WHERE run_id = :run AND seq <= :after + :limit
        AND seq >= coalesce((SELECT max(seq) FROM journal WHERE run_id = :run AND seq <= :after + 1), 0)
    ORDER BY seq)
"""
_JOURNALS: Final = """
SELECT group_concat('[' || json_quote(run_id) || ',' || events || ']') FROM (
    SELECT run_id, events FROM journal WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, seq)
"""
_FEED: Final = """
SELECT (SELECT value FROM marks WHERE name = 'floor'), (SELECT max(pos) FROM journal), (
    SELECT group_concat('[' || json_array(pos, run_id, workflow_id, user_id) || ',' || events || ']') FROM (
        SELECT pos, run_id, workflow_id, user_id, events FROM journal JOIN runs ON runs.id = journal.run_id
        WHERE pos > :after ORDER BY pos LIMIT :limit))
"""
_RESTING: Final = f"owner IS NULL AND {UNFINISHED}"
_DUE: Final = packed(
    RUN_COLUMNS,
    f"""
    SELECT runs.* FROM (
        SELECT n, min(at) AS at FROM (
            SELECT * FROM (SELECT n, due_at AS at FROM runs INDEXED BY runs_due
                WHERE due_at <= :now AND due_at IS NOT NULL AND {_RESTING} ORDER BY due_at LIMIT :limit)
            UNION ALL
            SELECT * FROM (SELECT n, deadline_at FROM runs INDEXED BY runs_deadline
                WHERE deadline_at <= :now AND deadline_at IS NOT NULL AND {_RESTING} ORDER BY deadline_at LIMIT :limit)
            UNION ALL
            SELECT * FROM (SELECT n, 0 FROM runs INDEXED BY runs_cancel
                WHERE cancel_requested = 1 AND {_RESTING} LIMIT :limit)
            UNION ALL
            SELECT * FROM (SELECT n, 0 FROM runs INDEXED BY runs_poked WHERE poked = 1 AND {_RESTING} LIMIT :limit)
        ) GROUP BY n ORDER BY at, n LIMIT :limit
    ) AS found JOIN runs USING (n) ORDER BY found.at, found.n
    """,
)
_TURNS: Final = packed(
    RUN_COLUMNS,
    f"""
    WITH RECURSIVE some_owner (id) AS (
        SELECT min(user_id) FROM runs INDEXED BY runs_turn WHERE due_at IS NOT NULL AND {_RESTING}
        UNION ALL
        SELECT (SELECT min(user_id) FROM runs INDEXED BY runs_turn
            WHERE user_id > some_owner.id AND due_at IS NOT NULL AND {_RESTING})
        FROM some_owner WHERE id IS NOT NULL LIMIT :owners)
    SELECT runs.* FROM some_owner JOIN runs ON runs.n IN (
        SELECT n FROM runs INDEXED BY runs_turn
        WHERE user_id = some_owner.id AND due_at <= :now AND due_at IS NOT NULL AND {_RESTING}
        ORDER BY due_at LIMIT :limit)
    ORDER BY runs.due_at, runs.n
    """,
)
MOST_OWNERS: Final = 1000
_NEXT_DUE: Final = f"""
SELECT min(at) FROM (
    SELECT min(due_at) AS at FROM runs INDEXED BY runs_due WHERE due_at IS NOT NULL AND {_RESTING}
    UNION ALL
    SELECT min(deadline_at) FROM runs INDEXED BY runs_deadline WHERE deadline_at IS NOT NULL AND {_RESTING})
"""
_ORPHANS: Final = packed(
    RUN_COLUMNS,
    f"""
    SELECT * FROM runs INDEXED BY runs_owner
    WHERE owner IS NOT NULL AND owner NOT IN (SELECT owner FROM owners WHERE until > :now) AND {UNFINISHED}
    LIMIT :limit
    """,
)
_CLAIM: Final = f"""
UPDATE runs SET owner = :owner,
    deaths = CASE WHEN NOT :count THEN deaths WHEN seq > death_seq THEN 1 ELSE deaths + 1 END,
    death_seq = CASE WHEN :count THEN seq ELSE death_seq END
WHERE id = :id AND owner IS :expected AND {UNFINISHED}
"""
_REQUEST_CANCEL: Final = f"""
UPDATE runs SET cancel_requested = 1 WHERE id = :id AND (:owner IS NULL OR user_id = :owner) AND {UNFINISHED}
"""
_TURN: Final = f"waiting_for = 'limit' AND owner IS NULL AND due_at IS NULL AND {UNFINISHED}"
_HELD_BACK: Final = packed(
    RUN_COLUMNS,
    f"SELECT * FROM runs INDEXED BY runs_held WHERE limit_key = :key AND {_TURN} ORDER BY created_at, n LIMIT :limit",
)
_HELD_KEYS: Final = packed(
    ("limit_key",), f"SELECT DISTINCT limit_key FROM runs INDEXED BY runs_held WHERE {_TURN} LIMIT :limit"
)
_CANCEL_REQUESTS: Final = packed(
    ("id",),
    f"SELECT id FROM runs INDEXED BY runs_cancel WHERE owner = ? AND cancel_requested = 1 AND {UNFINISHED}",
)
_POKES: Final = packed(
    ("id",), f"SELECT id FROM runs INDEXED BY runs_poked WHERE owner = ? AND poked = 1 AND {UNFINISHED}"
)
_OWING: Final = packed(
    RUN_COLUMNS, "SELECT * FROM runs INDEXED BY runs_owed WHERE owed = 1 ORDER BY finished_at LIMIT :limit"
)
_HELD: Final = f"""
SELECT (SELECT count(*) FROM runs INDEXED BY runs_owner WHERE owner = :owner AND {UNFINISHED}), (
    SELECT json_group_array(id) FROM (
        SELECT id FROM runs INDEXED BY runs_owner WHERE owner = :owner AND {UNFINISHED} LIMIT :limit))
"""
_BEAT: Final = """
INSERT INTO owners (owner, until, info) VALUES (?, ?, ?)
ON CONFLICT (owner) DO UPDATE SET until = excluded.until, info = excluded.info
"""


def _whose(owner: Owner) -> str | None:
    """An owner as a query parameter; NULL stands for anyone."""
    return owner if isinstance(owner, str) else None


class SqliteRuns:
    """Implements engine.store.Runs."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def commit(self, commit: Commit) -> str:
        """Append and replace, or raise Fenced."""
        return await self._writer.commit(commit)

    async def claim(
        self, run_id: str, *, owner: str, expected_owner: str | None, now: int, count_death: bool = False
    ) -> RunRow | None:
        """Compare and set the owner; the row as it is then."""
        values = {"id": run_id, "owner": owner, "expected": expected_owner, "count": count_death}

        def claim(connection: sqlite3.Connection) -> RunRow | None:
            if connection.execute(_CLAIM, values).rowcount == 0:
                return None
            return run_row(connection.execute(_BY_ID, {"id": run_id, "owner": None}).fetchone())

        found: RunRow | None = await self._writer.act(claim, single=True)
        return found

    async def get(self, run_id: str, *, owner: Owner) -> RunRow:
        """One run's summary."""
        return _found(await self._readers.one(_BY_ID, {"id": run_id, "owner": _whose(owner)}))

    async def by_key(self, workflow_id: str, dedupe_key: str) -> RunRow | None:
        """The run with this idempotency key."""
        values = await self._readers.one(_BY_KEY, (workflow_id, dedupe_key))
        return None if values is None else run_row(values)

    async def page(self, where: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]:
        """Newest first."""
        merged, index = _list(where)
        if cursor is not None:
            merged.after(cursors.decode(cursor, int, str, int))
        rows = await self._readers.rows(merged.query(index, limit), merged.values)
        runs = [run_row(values) for _, *values in rows[:limit]]
        if len(rows) <= limit or not runs:
            return Page(runs)
        return Page(runs, cursors.encode(runs[-1].created_at, runs[-1].trigger.value, rows[limit - 1][0]))

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events with seq > after."""
        values = {"run": run_id, "after": after, "limit": limit}
        text = (await self._readers.one(_JOURNAL, values))[0]
        return [event for part in _array(text) for event in batch.from_lists(part) if event.seq > after]

    async def journals(self, run_ids: Sequence[str]) -> dict[str, list[Event]]:
        """Whole journals, of all runs that have one."""
        found: dict[str, list[Event]] = {}
        for start in range(0, len(run_ids), 100):
            some = dumps(list(run_ids[start : start + 100])).decode()
            for run_id, part in _array((await self._readers.one(_JOURNALS, (some,)))[0]):
                found.setdefault(run_id, []).extend(batch.from_lists(part))
        return found

    async def blob(self, run_id: str, ref: str) -> bytes:
        """A large value."""
        values = await self._readers.one("SELECT data FROM blobs WHERE run_id = ? AND ref = ?", (run_id, ref))
        if values is None:
            raise NotFound
        return bytes(values[0])

    async def feed(self, after: str | None, *, limit: int) -> list[FeedItem]:
        """Commits in the order they happened."""
        place = None if after is None else cursors.decode_place(after)
        values = {"after": 0 if place is None else place, "limit": 0 if place is None else limit}
        floor, last, text = await self._readers.one(_FEED, values)
        last = max(floor, last or 0)
        if place is None:
            return [FeedItem(str(last), "", "", "", [])]
        if not floor <= place <= last:
            raise NotFound("this place in the feed is gone", hint="read the lists anew and follow from the end")
        return [
            FeedItem(str(pos), run_id, workflow_id, user_id, batch.from_lists(part))
            for (pos, run_id, workflow_id, user_id), part in _array(text)
        ]

    async def due(self, now: int, *, limit: int) -> list[RunRow]:
        """Resting runs whose time has come, the most overdue first, cancelled ones before them."""
        found = [run_row(values) for values in await self._readers.rows(_DUE, {"now": now, "limit": limit + 1})]
        if len(found) <= limit:
            return found
        # More than fit: of each owner as many as there could be when all of them have some.
        marked = [row for row in found if row.cancel_requested or row.poked]
        each = {"now": now, "limit": min(limit, 50), "owners": MOST_OWNERS}
        turns = [run_row(values) for values in await self._readers.rows(_TURNS, each)]
        return batch.in_turn([*marked, *turns, *found], limit)

    async def next_due(self) -> int | None:
        """The earliest time a resting run waits for."""
        at: int | None = (await self._readers.one(_NEXT_DUE))[0]
        return at

    async def orphans(self, now: int, *, limit: int) -> list[RunRow]:
        """Unfinished runs of processes that are not known to live."""
        return [run_row(values) for values in await self._readers.rows(_ORPHANS, {"now": now, "limit": limit})]

    async def held_back(self, limit_key: str, *, limit: int) -> list[RunRow]:
        """Runs that wait for their turn under this key."""
        values = {"key": limit_key, "limit": limit}
        return [run_row(row) for row in await self._readers.rows(_HELD_BACK, values)]

    async def held_keys(self, *, limit: int) -> list[str]:
        """Keys under which runs wait."""
        return [row[0] for row in await self._readers.rows(_HELD_KEYS, {"limit": limit})]

    async def request_cancel(self, run_id: str, *, owner: Owner) -> RunRow:
        """Mark a run for cancelling."""
        values = {"id": run_id, "owner": _whose(owner)}

        def request(connection: sqlite3.Connection) -> RunRow:
            connection.execute(_REQUEST_CANCEL, values)
            return _found(connection.execute(_BY_ID, values).fetchone())

        row: RunRow = await self._writer.act(request, single=True)
        return row

    async def cancel_requests(self, owner: str) -> list[str]:
        """Runs of this process that somebody wants cancelled."""
        return [run_id for (run_id,) in await self._readers.rows(_CANCEL_REQUESTS, (owner,))]

    async def post(self, message: Message, *, owner: Owner) -> RunRow:
        """Put a message into a run's inbox."""
        values = {"id": message.run_id, "owner": _whose(owner)}

        def post(connection: sqlite3.Connection) -> RunRow:
            _found(connection.execute(_BY_ID, values).fetchone())
            inbox.post(connection, message)
            return _found(connection.execute(_BY_ID, values).fetchone())

        row: RunRow = await self._writer.act(post)
        return row

    async def inbox(self, run_id: str) -> list[Message]:
        """Take back the poke and read all messages that wait."""
        found: list[Message] = await self._writer.act(lambda connection: inbox.read(connection, run_id))
        return found

    async def pokes(self, owner: str) -> list[str]:
        """Runs of this process that were poked."""
        return [row[0] for row in await self._readers.rows(_POKES, (owner,))]

    async def owing(self, *, limit: int) -> list[RunRow]:
        """Failed runs whose handler has yet to be started."""
        return [run_row(values) for values in await self._readers.rows(_OWING, {"limit": limit})]

    async def settle(self, run_id: str, *, seq: int) -> None:
        """Take the mark away."""
        await self._write("UPDATE runs SET owed = 0 WHERE id = ? AND seq = ?", run_id, seq)

    async def beat(self, owner: str, *, until: int, info: dict[str, Any] | None = None) -> None:
        """Say that this process lives until then."""
        text = None if info is None else dumps(info).decode()
        await self._write(_BEAT, owner, until, text)

    async def held(self, owner: str, *, limit: int) -> Held:
        """What this process executes."""
        count, ids = await self._readers.one(_HELD, {"owner": owner, "limit": limit})
        return Held(count, orjson.loads(ids))

    async def retire(self, owner: str) -> None:
        """Forget a process."""
        await self._write("DELETE FROM owners WHERE owner = ?", owner)

    async def retire_others(self, owner: str) -> None:
        """Forget every process but this one."""
        await self._write("DELETE FROM owners WHERE owner <> ?", owner)

    async def repair(self, *, limit: int) -> int:
        """Nothing is ever left behind: it is all one transaction."""
        return 0

    async def active(self, *, owner: Owner, workflow_id: str | None = None) -> int:
        """How many runs are unfinished."""
        conditions = [UNFINISHED]
        values = {"owner": _whose(owner), "workflow_id": workflow_id}
        if workflow_id is not None:
            conditions.append("workflow_id = :workflow_id")
        if isinstance(owner, str):
            conditions.append("user_id = :owner")
        index = "runs_workflow" if workflow_id else "runs_user" if isinstance(owner, str) else "runs_status"
        sql = f"SELECT count(*) FROM runs INDEXED BY {index} WHERE {' AND '.join(conditions)}"
        return int((await self._readers.one(sql, values))[0])

    async def delete_for_workflow(self, workflow_id: str, *, limit: int) -> int:
        """Remove finished runs of a workflow."""
        return await retention.remove(self._writer, retention.of_workflow(workflow_id), limit)

    async def trim(self, owner_id: str, *, limit: int) -> int:
        """Remove a workspace's oldest finished runs."""
        return await retention.remove(self._writer, retention.of_owner(owner_id), limit)

    async def prune(self, *, finished_before: int, limit: int) -> Pruned:
        """Remove old runs and give the space back."""
        removed = await retention.remove(self._writer, retention.finished_before(finished_before), limit)
        return Pruned(removed, await retention.give_back(self._writer))

    async def _write(self, sql: str, *values: Any) -> None:
        await self._writer.act(lambda connection: connection.execute(sql, values).rowcount, single=True)


def _list(where: RunFilter) -> tuple[Merged, str]:
    """The query for a list, and the index it walks along."""
    statuses = [status.value for status in dict.fromkeys(where.statuses or every_status(where))]
    merged = Merged("runs", "n", RUN_COLUMNS, ORDER, statuses)
    merged.equal("user_id", _whose(where.owner))
    merged.equal("workflow_id", where.workflow_id)
    merged.equal("parent_run_id", where.parent_run_id)
    merged.equal("caller_run_id", where.caller_run_id)
    if where.call_step_id is not None:
        merged.conditions.append("json_extract(call, '$[0]') = :call_step_id")  # as Call.to_list has it
        merged.values["call_step_id"] = where.call_step_id
    merged.equal("trigger", where.trigger)
    if where.waiting_for:
        kinds = ", ".join(f"'{kind.value}'" for kind in dict.fromkeys(where.waiting_for))
        merged.conditions.append(f"waiting_for IN ({kinds})")
    if not where.rounds:
        merged.conditions.append("trigger <> 'round'")
    if where.since is not None:
        merged.conditions.append("created_at >= :since")
        merged.values["since"] = where.since
    if where.until is not None:
        merged.conditions.append("created_at < :until")
        merged.values["until"] = where.until
    if where.parent_run_id is not None:
        return merged, "runs_parent"
    if where.caller_run_id is not None:
        return merged, "runs_caller"
    if where.workflow_id is not None:
        return merged, "runs_workflow"
    if where.waiting_for and where.owner is not ANYONE:
        return merged, "runs_waiting"
    return merged, "runs_status" if where.owner is ANYONE else "runs_user"


def _found(values: Sequence[Any] | None) -> RunRow:
    if values is None:
        raise NotFound
    return run_row(values)


def _array(inside: str | None) -> list[Any]:
    """The JSON array with this text between its brackets."""
    found: list[Any] = orjson.loads(f"[{inside}]") if inside else []
    return found
