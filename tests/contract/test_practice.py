"""What people keep for trying workflows out."""

from __future__ import annotations

import pytest

from engine.errors import Conflict, NotFound
from engine.practice_rows import MOST, PracticeRow
from engine.store import Store
from tests.contract.make import NOW

SAMPLE = PracticeRow("w", "sample", "order ü", NOW, {"data": {"a.b": [1, None]}, "meta": {}})
PIN = PracticeRow("w", "pin", "charge", NOW, {"output": 7, "route": "yes"})


async def test_values_are_kept_by_kind_and_name(store: Store) -> None:
    for row in (SAMPLE, PIN, PracticeRow("v", "pin", "charge", NOW)):
        await store.practice.put(row)
    assert await store.practice.get("w", "sample", "order ü") == SAMPLE
    assert await store.practice.all("w", "pin") == [PIN]
    newer = PracticeRow("w", "pin", "charge", NOW + 1, {"output": None})
    await store.practice.put(newer)
    assert await store.practice.all("w", "pin") == [newer]
    assert await store.practice.all("v", "sample") == []


async def test_what_is_not_there(store: Store) -> None:
    await store.practice.put(PIN)
    for workflow_id, name in (("w", "other"), ("v", "charge")):
        with pytest.raises(NotFound):
            await store.practice.get(workflow_id, "pin", name)
        with pytest.raises(NotFound):
            await store.practice.delete(workflow_id, "pin", name)
    with pytest.raises(NotFound):
        await store.practice.get("w", "sample", "charge")


async def test_values_are_forgotten_one_by_one_and_with_their_workflow(store: Store) -> None:
    for row in (SAMPLE, PIN, PracticeRow("v", "pin", "charge", NOW)):
        await store.practice.put(row)
    await store.practice.delete("w", "pin", "charge")
    assert await store.practice.everything(limit=10) == [PracticeRow("v", "pin", "charge", NOW), SAMPLE]
    await store.practice.delete_all("w")
    assert await store.practice.everything(limit=10) == [PracticeRow("v", "pin", "charge", NOW)]


async def test_everything_is_paged(store: Store) -> None:
    rows = [PracticeRow(f"w{n % 2}", "pin" if n % 3 else "sample", f"n{n}", NOW) for n in range(9)]
    for row in rows:
        await store.practice.put(row)
    found: list[PracticeRow] = []
    after = None
    while page := await store.practice.everything(limit=2, after=after):
        found += page
        after = (page[-1].workflow_id, page[-1].kind, page[-1].name)
    assert found == sorted(rows, key=lambda row: (row.workflow_id, row.kind, row.name))


async def test_a_workflow_keeps_only_so_many(store: Store) -> None:
    for number in range(MOST):
        await store.practice.put(PracticeRow("w", "sample", f"n{number}", NOW))
    with pytest.raises(Conflict) as refused:
        await store.practice.put(SAMPLE)
    assert refused.value.code == "too_many_kept"
    await store.practice.put(PracticeRow("w", "sample", "n3", NOW + 1))
    await store.practice.put(PIN)
    assert len(await store.practice.all("w", "sample")) == MOST
