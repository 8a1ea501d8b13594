"""Lists of runs: filters, order and pages."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Invalid
from engine.models.run import Call, RunRow, RunStatus, TriggerKind, WaitingFor
from engine.store import ANYONE, Owner, RunFilter, Store
from tests.contract.make import ME, NOW, YOU, make_run, put


async def _all(store: Store, where: RunFilter, limit: int = 50) -> list[str]:
    """Every id of a list, page by page."""
    ids: list[str] = []
    cursor = None
    while True:
        page = await store.runs.page(where, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        ids += [run.id for run in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids


@pytest.fixture
async def runs(store: Store) -> list[RunRow]:
    """Fifty-four runs, oldest first: six statuses, three workflows of two users, two triggers."""
    statuses, made = list(RunStatus), []
    for number in range(54):
        workflow = number % 3
        run = make_run(
            created_at=NOW + number * 1000,
            status=statuses[number // 3 % 6],
            workflow_id=f"workflow-{workflow}",
            user_id=YOU if workflow == 2 else ME,
            trigger=TriggerKind.CRON if number % 5 == 0 else TriggerKind.MANUAL,
            parent_run_id="parent" if number % 7 == 0 else None,
        )
        made.append(await put(store, run))
    return made


FILTERS: list[dict[str, Any]] = [
    {"owner": ANYONE},
    {"owner": ME},
    {"owner": YOU},
    {"owner": "nobody"},
    {"owner": ANYONE, "statuses": (RunStatus.FAILED,)},
    {"owner": ME, "statuses": (RunStatus.SUCCESS,)},
    {"owner": ME, "statuses": (RunStatus.FAILED, RunStatus.WAITING)},
    {"owner": ANYONE, "statuses": (RunStatus.WAITING, RunStatus.FAILED, RunStatus.WAITING)},
    {"owner": ANYONE, "workflow_id": "workflow-1"},
    {"owner": ME, "workflow_id": "workflow-1", "statuses": (RunStatus.WAITING,)},
    {"owner": ME, "workflow_id": "workflow-2"},
    {"owner": ANYONE, "workflow_id": "unknown"},
    {"owner": ME, "trigger": "cron"},
    {"owner": ANYONE, "trigger": "rerun"},
    {"owner": ANYONE, "trigger": "' OR 1=1 --"},
    {"owner": ME, "since": NOW + 10_000},
    {"owner": ME, "until": NOW + 30_000},
    {"owner": ANYONE, "since": NOW + 10_000, "until": NOW + 20_000},
    {"owner": ANYONE, "parent_run_id": "parent"},
    {"owner": ME, "parent_run_id": "parent", "statuses": (RunStatus.QUEUED,)},
    {"owner": ME, "workflow_id": "workflow-0", "trigger": "cron", "since": NOW, "until": NOW + 50_000},
]


def _matches(run: RunRow, where: dict[str, Any]) -> bool:
    return (
        where["owner"] in (ANYONE, run.user_id)
        and all(getattr(run, name) == where[name] for name in ("workflow_id", "parent_run_id") if name in where)
        and run.status in where.get("statuses", (run.status,))
        and where.get("trigger", run.trigger.value) == run.trigger.value
        and where.get("since", 0) <= run.created_at < where.get("until", 1 << 60)
    )


@pytest.mark.parametrize("where", FILTERS, ids=str)
async def test_a_filter_shows_exactly_what_it_says(store: Store, runs: list[RunRow], where: dict[str, Any]) -> None:
    expected = [run.id for run in reversed(runs) if _matches(run, where)]
    assert await _all(store, RunFilter(**where)) == expected
    assert await _all(store, RunFilter(**where), limit=7) == expected
    assert await _all(store, RunFilter(**where), limit=1) == expected


async def test_rows_in_lists_are_whole(store: Store, runs: list[RunRow]) -> None:
    page = await store.runs.page(RunFilter(ANYONE), limit=3)
    assert page.items == list(reversed(runs))[:3]
    assert page.cursor is not None


async def test_the_last_page_has_no_cursor(store: Store, runs: list[RunRow]) -> None:
    assert (await store.runs.page(RunFilter(ANYONE), limit=54)).cursor is None
    assert (await store.runs.page(RunFilter("nobody"), limit=54)).cursor is None


async def test_since_is_included_and_until_is_not(store: Store) -> None:
    run = await put(store, make_run(created_at=NOW))
    assert await _all(store, RunFilter(ME, since=NOW)) == [run.id]
    assert await _all(store, RunFilter(ME, since=NOW + 1)) == []
    assert await _all(store, RunFilter(ME, until=NOW + 1)) == [run.id]
    assert await _all(store, RunFilter(ME, until=NOW)) == []


@pytest.mark.parametrize("owner", [ANYONE, ME])
async def test_paging_while_runs_are_added_loses_and_repeats_nothing(store: Store, owner: Owner) -> None:
    before = [await put(store, make_run(created_at=NOW + n // 4)) for n in range(20)]
    seen: list[str] = []
    cursor = None
    for round_ in range(100):
        page = await store.runs.page(RunFilter(owner), limit=3, cursor=cursor)
        seen += [run.id for run in page.items]
        cursor = page.cursor
        if cursor is None:
            break
        await put(store, make_run(created_at=NOW + 1000 + round_))
    assert sorted(seen) == sorted(run.id for run in before)


async def test_runs_of_the_same_millisecond_are_paged_in_one_order(store: Store) -> None:
    made = [
        await put(store, make_run(trigger=kind, status=status))
        for kind in TriggerKind
        for status in (RunStatus.SUCCESS, RunStatus.FAILED)
        for _ in range(3)
    ]
    whole = await _all(store, RunFilter(ME))
    assert sorted(whole) == sorted(run.id for run in made)
    assert await _all(store, RunFilter(ME), limit=1) == whole
    assert await _all(store, RunFilter(ME), limit=5) == whole


async def test_a_run_moves_between_lists_with_its_status(store: Store) -> None:
    run = await put(store, make_run(status=RunStatus.RUNNING))
    assert await _all(store, RunFilter(ME, statuses=(RunStatus.RUNNING,))) == [run.id]
    await put(store, run, status=RunStatus.FAILED)
    assert await _all(store, RunFilter(ME, statuses=(RunStatus.RUNNING,))) == []
    assert await _all(store, RunFilter(ME, statuses=(RunStatus.FAILED,))) == [run.id]
    assert await _all(store, RunFilter(ME)) == [run.id]


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!", "é", "W10", "WzFd", "bnVsbA", "WyJhIiwiYiIsImMiXQ", "A" * 5000, "' OR 1=1"]
)
async def test_a_cursor_of_somebody_else_is_refused(store: Store, runs: list[RunRow], cursor: str) -> None:
    for listing in (
        store.runs.page(RunFilter(ME), limit=5, cursor=cursor),
        store.jobs.page(owner=ME, limit=5, cursor=cursor),
        store.users.page(limit=5, cursor=cursor),
        store.workflows.page(owner=ME, limit=5, cursor=cursor),
    ):
        with pytest.raises(Invalid) as caught:
            await listing
        assert caught.value.code == "bad_cursor"


async def test_active_counts_unfinished_runs(store: Store, runs: list[RunRow]) -> None:
    assert await store.runs.active(owner=ANYONE) == 27
    assert await store.runs.active(owner=ME) == 18
    assert await store.runs.active(owner=ME, workflow_id="workflow-0") == 9
    assert await store.runs.active(owner=YOU, workflow_id="workflow-0") == 0
    assert await store.runs.active(owner=ANYONE, workflow_id="workflow-2") == 9
    assert await store.runs.active(owner="nobody") == 0


async def test_rounds_of_loops_can_be_left_out(store: Store) -> None:
    caller = await put(store, make_run())
    call = await put(store, make_run(trigger=TriggerKind.CALL, caller_run_id=caller.id, call=Call("a")))
    rounds = [
        await put(store, make_run(trigger=TriggerKind.ROUND, caller_run_id=caller.id, call=Call("b", item, "b")))
        for item in range(2)
    ]
    shown = await store.runs.page(RunFilter(ME, rounds=False), limit=10)
    assert {row.id for row in shown.items} == {caller.id, call.id}
    every = await store.runs.page(RunFilter(ME), limit=10)
    assert len(every.items) == 4
    called = await store.runs.page(RunFilter(ME, caller_run_id=caller.id), limit=10)
    assert {row.id for row in called.items} == {call.id, *(row.id for row in rounds)}


@pytest.mark.parametrize("owner", [ANYONE, ME])
@pytest.mark.parametrize(("limit", "workflow_id"), [(50, None), (1, None), (50, "w")])
async def test_those_that_wait_for_people_are_picked_whatever_else_they_do(
    store: Store, owner: Owner, limit: int, workflow_id: str | None
) -> None:
    """An approval is found also while another branch of its run works."""
    rows = [
        (RunStatus.WAITING, WaitingFor.APPROVAL),
        (RunStatus.RUNNING, WaitingFor.DECISION),
        (RunStatus.RUNNING, None),
        (RunStatus.WAITING, WaitingFor.TIMER),
        (RunStatus.RUNNING, WaitingFor.APPROVAL),
    ]
    made = [
        (await put(store, make_run(created_at=NOW + n, status=status, waiting_for=waits, workflow_id="w"))).id
        for n, (status, waits) in enumerate(rows)
    ]
    asking = (WaitingFor.APPROVAL, WaitingFor.DECISION)
    where = RunFilter(owner, waiting_for=asking, workflow_id=workflow_id)
    assert await _all(store, where, limit=limit) == [made[4], made[1], made[0]]
    resting = RunFilter(owner, waiting_for=asking, statuses=(RunStatus.WAITING,), workflow_id=workflow_id)
    assert await _all(store, resting, limit=limit) == [made[0]]


async def test_of_the_runs_a_run_has_called_one_step_is_picked(store: Store) -> None:
    caller, other = await put(store, make_run()), await put(store, make_run())
    called = [
        await put(store, make_run(status=status, caller_run_id=of.id, call=Call(step, item)))
        for item, (of, step, status) in enumerate(
            [
                (caller, "a", RunStatus.SUCCESS),
                (caller, "b", RunStatus.SUCCESS),
                (caller, "b", RunStatus.FAILED),
                (other, "b", RunStatus.SUCCESS),
            ]
        )
    ]
    of_b = RunFilter(ME, caller_run_id=caller.id, call_step_id="b")
    assert sorted(await _all(store, of_b)) == sorted([called[1].id, called[2].id])
    assert sorted(await _all(store, of_b, limit=1)) == sorted([called[1].id, called[2].id])
    failed = RunFilter(ME, caller_run_id=caller.id, call_step_id="b", statuses=(RunStatus.FAILED,))
    assert await _all(store, failed) == [called[2].id]
    assert await _all(store, RunFilter(ME, caller_run_id=caller.id, call_step_id="' OR 1=1 --")) == []
