"""Commits: what they write, and when they are refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import Fenced, NotFound
from engine.ids import new_id
from engine.models.event import Event, EventType
from engine.models.run import JobStatus, RunRow, RunStatus, TriggerKind, WaitingFor
from engine.store import ANYONE, Blob, Commit, Store
from tests.contract.backends import Opener
from tests.contract.make import ME, NOW, YOU, make_commit, make_events, make_job, make_run, put

FULL = {
    "status": RunStatus.WAITING,
    "started_at": NOW + 1,
    "finished_at": NOW + 2,
    "waiting_for": WaitingFor.RETRY,
    "due_at": NOW + 3,
    "deadline_at": NOW + 4,
    "owner": "process",
    "deaths": 2,
    "death_seq": 1,
    "error_code": "http_500",
    "error": {"code": "http_500", "message": "no", "data": {"deep": [1, None, True]}},
}


async def test_a_first_commit_makes_the_run(store: Store) -> None:
    run = make_run(
        trigger=TriggerKind.WEBHOOK,
        parent_run_id="parent",
        scheduled_at=NOW,
        dedupe_key="key",
        payload_hash="hash",
        **FULL,
    )
    commit = make_commit(run, 3)
    await store.runs.commit(commit)
    assert await store.runs.get(run.id, owner=ANYONE) == commit.run
    assert await store.runs.journal(run.id) == commit.events


async def test_a_later_commit_replaces_the_row_and_appends(store: Store) -> None:
    run = await put(store, make_run(), 2)
    after = await put(store, run, 3, **FULL)
    assert await store.runs.get(run.id, owner=ANYONE) == after
    assert [event.seq for event in await store.runs.journal(run.id)] == [1, 2, 3, 4, 5]
    cleared = {name: None for name in FULL if name not in ("status", "deaths", "death_seq")}
    again = await put(store, after, 1, by="process", **cleared)
    assert await store.runs.get(run.id, owner=ANYONE) == again


async def test_what_identifies_a_run_stays_as_its_first_commit_said(store: Store) -> None:
    run = await put(store, make_run(dedupe_key="key"))
    other = {"user_id": YOU, "workflow_id": "other", "dedupe_key": "other", "created_at": 1}
    await put(store, run, 1, **other)
    assert await store.runs.get(run.id, owner=ME) == replace(run, seq=2)
    assert await store.runs.by_key("workflow", "key") is not None
    assert await store.runs.by_key("other", "other") is None


async def test_a_run_moves_to_another_version_of_its_workflow(store: Store) -> None:
    run = await put(store, make_run())
    moved = await put(store, run, 1, workflow_version=9)
    assert await store.runs.get(run.id, owner=ME) == moved
    assert moved.workflow_version == 9


@pytest.mark.parametrize("expected", [1, 3])
async def test_a_commit_at_the_wrong_seq_is_fenced_off(store: Store, expected: int) -> None:
    """R11: who read an old state cannot write on it, and who guesses ahead cannot either."""
    run = await put(store, make_run(), 2)
    wrong = replace(run, seq=expected)
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(wrong, 1, status=RunStatus.SUCCESS))
    assert await store.runs.get(run.id, owner=ANYONE) == run
    assert len(await store.runs.journal(run.id)) == 2


@pytest.mark.parametrize(("holder", "expected"), [("p1", "p2"), ("p1", None), (None, "p1")])
async def test_a_commit_of_the_wrong_owner_is_fenced_off(
    store: Store, holder: str | None, expected: str | None
) -> None:
    """R11: a process that lost the run cannot overwrite it."""
    run = await put(store, make_run(owner=holder))
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(run, 1, by=expected))
    assert await store.runs.get(run.id, owner=ANYONE) == run


async def test_a_later_commit_of_an_unknown_run_is_fenced_off(store: Store) -> None:
    run = make_run(seq=4)
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(run))
    with pytest.raises(NotFound):
        await store.runs.get(run.id, owner=ANYONE)
    assert await store.runs.journal(run.id) == []


async def test_a_taken_id_is_fenced_off(store: Store) -> None:
    """R8: two servers derive the same id for a tick; the second finds it taken."""
    run = await put(store, make_run())
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(make_run(id=run.id, user_id=YOU)))
    assert await store.runs.get(run.id, owner=ANYONE) == run


async def test_a_taken_key_is_fenced_off(store: Store) -> None:
    """R6: the same idempotency key gives the same run."""
    first = await put(store, make_run(dedupe_key="key"))
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(make_run(dedupe_key="key")))
    elsewhere = await put(store, make_run(dedupe_key="key", workflow_id="another"))
    assert await store.runs.by_key("workflow", "key") == first
    assert await store.runs.by_key("another", "key") == elsewhere
    assert await store.runs.by_key("workflow", "other") is None


async def test_runs_without_a_key_do_not_collide(store: Store) -> None:
    await put(store, make_run())
    await put(store, make_run())
    assert await store.runs.active(owner=ANYONE) == 2


async def test_an_empty_key_is_a_key(store: Store) -> None:
    run = await put(store, make_run(dedupe_key=""))
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(make_run(dedupe_key="")))
    assert await store.runs.by_key("workflow", "") == run


async def test_a_commit_may_change_only_the_row(store: Store) -> None:
    run = await put(store, make_run())
    place = await store.runs.commit(Commit(replace(run, owner="p1", due_at=5), [], run.seq, None))
    assert await store.runs.get(run.id, owner=ANYONE) == replace(run, owner="p1", due_at=5)
    assert await store.runs.feed(place, limit=10) == []
    await put(store, run, 1, by="p1")
    assert [item.run_id for item in await store.runs.feed(place, limit=10)] == [run.id]


async def test_a_fenced_commit_changes_nothing_at_all(store: Store) -> None:
    run = await put(store, make_run(), jobs=[], blobs=[Blob("big", b"first")])
    job = make_job(run)
    with pytest.raises(Fenced):
        await store.runs.commit(make_commit(replace(run, seq=7), 1, jobs=[job], blobs=[Blob("other", b"x")]))
    assert (await store.jobs.page(owner=ANYONE, limit=10)).items == []
    with pytest.raises(NotFound):
        await store.runs.blob(run.id, "other")


async def test_numbers_that_contradict_each_other_are_a_mistake(store: Store) -> None:
    run = make_run()
    for wrong in (
        Commit(replace(run, seq=2), make_events(0, 1), 0),
        Commit(replace(run, seq=1), make_events(1, 1), 0),
        Commit(run, [], 0),
    ):
        with pytest.raises(ValueError, match="do not lead to seq"):
            await store.runs.commit(wrong)
    with pytest.raises(NotFound):
        await store.runs.get(run.id, owner=ANYONE)


async def test_jobs_and_large_values_come_with_the_commit(store: Store) -> None:
    run = make_run()
    job = make_job(run, error={"code": "timeout", "message": "slow"})
    run = await put(store, run, jobs=[job], blobs=[Blob("1.output", b"\x00\xff" * 50_000)])
    assert await store.jobs.get(job.id, owner=ME) == job
    assert await store.runs.blob(run.id, "1.output") == b"\x00\xff" * 50_000
    done = replace(job, status=JobStatus.COMPLETED, attempt=3, run_at=NOW + 9, updated_at=NOW + 9, error=None)
    await put(store, run, jobs=[done], blobs=[Blob("1.output", b"never written twice")])
    assert await store.jobs.get(job.id, owner=ME) == done
    assert len(await store.runs.blob(run.id, "1.output")) == 100_000


async def test_large_values_belong_to_their_run(store: Store) -> None:
    run = await put(store, make_run(), blobs=[Blob("1.output", b"{}")])
    other = await put(store, make_run())
    for run_id, ref in ((other.id, "1.output"), (run.id, "2.output"), ("unknown", "1.output")):
        with pytest.raises(NotFound):
            await store.runs.blob(run_id, ref)


async def test_many_runs_commit_at_once(store: Store) -> None:
    """Everybody's commits share flushes; each gets its own answer, and runs do not mix."""

    async def live(number: int) -> RunRow:
        run = make_run(user_id=f"user-{number}")
        for _ in range(5):
            run = await put(store, run, 2, data={"of": number})
        return run

    runs = await asyncio.gather(*(live(number) for number in range(40)))
    for number, run in enumerate(runs):
        assert await store.runs.get(run.id, owner=f"user-{number}") == run
        events = await store.runs.journal(run.id)
        assert [event.seq for event in events] == list(range(1, 11))
        assert {event.data["of"] for event in events} == {number}


async def test_of_many_commits_at_one_seq_one_wins(store: Store) -> None:
    """R11: the fence holds inside one shared transaction too, and does not hurt the others in it."""
    run = await put(store, make_run())
    others = [make_run() for _ in range(10)]
    rivals = [store.runs.commit(make_commit(run, 1 + n % 3, data={"by": n})) for n in range(20)]
    bystanders = [store.runs.commit(make_commit(other)) for other in others]
    answers = await asyncio.gather(*rivals, *bystanders, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Fenced"] * 19 + ["str"] * 11
    winner = next(n for n, answer in enumerate(answers) if isinstance(answer, str))
    events = await store.runs.journal(run.id)
    assert [event.seq for event in events] == list(range(1, 3 + winner % 3))
    assert {event.data["by"] for event in events[1:]} == {winner}
    for other in others:
        assert (await store.runs.get(other.id, owner=ANYONE)).seq == 1


async def test_of_many_runs_with_one_key_one_is_made(store: Store) -> None:
    """R6, row 18: duplicates in parallel give one run."""
    runs = [make_run(dedupe_key="order-1") for _ in range(30)]
    commits = [store.runs.commit(make_commit(run, jobs=[make_job(run)])) for run in runs]
    answers = await asyncio.gather(*commits, return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert sum(isinstance(answer, Fenced) for answer in answers) == 29
    known = await store.runs.by_key("workflow", "order-1")
    assert known is not None
    assert isinstance(answers[[run.id for run in runs].index(known.id)], str)
    assert [job.run_id for job in (await store.jobs.page(owner=ANYONE, limit=50)).items] == [known.id]


async def test_what_was_committed_is_there_after_opening_again(opener: Opener) -> None:
    """R1: an answered commit is kept."""
    async with opener() as store:
        run = await put(store, make_run(), 2, jobs=[], blobs=[Blob("b", b"x")], **FULL)
        place = await store.runs.commit(make_commit(run, 1, by="process"))
    async with opener() as store:
        assert (await store.runs.get(run.id, owner=ME)).seq == 3
        assert len(await store.runs.journal(run.id)) == 3
        assert await store.runs.blob(run.id, "b") == b"x"
        assert await store.runs.feed(place, limit=10) == []
        assert await store.runs.commit(make_commit(make_run())) != place


async def test_nothing_is_shared_with_callers(store: Store) -> None:
    """A caller that goes on changing its objects does not change what is stored."""
    error: dict[str, Any] = {"code": "x", "message": "m"}
    run = make_run(error=error)
    event = Event(1, NOW, EventType.STEP_LOG, "a", 1, {"list": [1]})
    await store.runs.commit(Commit(replace(run, seq=1), [event], 0))
    error["code"] = event.data["list"] = "changed"
    first = await store.runs.get(run.id, owner=ANYONE)
    first.status = RunStatus.FAILED
    (await store.runs.journal(run.id))[0].data.clear()
    again = await store.runs.get(run.id, owner=ANYONE)
    assert (again.status, again.error) == (RunStatus.RUNNING, {"code": "x", "message": "m"})
    assert (await store.runs.journal(run.id))[0].data == {"list": [1]}


async def test_a_foreign_run_is_an_unknown_run(store: Store) -> None:
    """Row 41: the answer does not tell whether the id exists."""
    run = await put(store, make_run())
    messages = []
    for run_id in (run.id, new_id()):
        with pytest.raises(NotFound) as caught:
            await store.runs.get(run_id, owner=YOU)
        messages.append((caught.value.code, str(caught.value)))
    assert messages[0] == messages[1]
    assert await store.runs.get(run.id, owner=ME) == run


@pytest.mark.parametrize("evil", ["' OR '1'='1", '{"$ne": null}', "%", "*", "", "x\x00y", "\U0001f600"])
async def test_ids_and_keys_are_only_ever_values(store: Store, evil: str) -> None:
    """Row 54, row 55: nothing from outside becomes part of a query."""
    await put(store, make_run(dedupe_key="key"))
    with pytest.raises(NotFound):
        await store.runs.get(evil, owner=ANYONE)
    with pytest.raises(NotFound):
        await store.jobs.get(evil, owner=evil)
    assert await store.runs.by_key("workflow", evil) is None
    run = await put(store, make_run(dedupe_key=evil, workflow_id=evil))
    assert await store.runs.by_key(evil, evil) == run
