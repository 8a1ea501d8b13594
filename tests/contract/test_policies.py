"""What holds for a workspace is kept, changed one change at a time, and given out whole."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import VersionConflict
from engine.policy_rows import PolicyRow
from engine.store import Store
from tests.contract.make import ME, YOU

VALUE = {"quotas": {"runs": 2**40}, "$set": {"a.b": None}, "ü": [1.5, "x"]}


async def test_a_policy_comes_back_as_it_was(store: Store) -> None:
    """Row 54: whatever its keys are called."""
    assert await store.policies.get(ME) is None
    await store.policies.put(PolicyRow(ME, 1, VALUE))
    assert await store.policies.get(ME) == PolicyRow(ME, 1, VALUE)
    assert await store.policies.get(YOU) is None
    await store.policies.put(PolicyRow(ME, 2))
    assert await store.policies.get(ME) == PolicyRow(ME, 2, {})
    await store.policies.delete(ME)
    await store.policies.delete(ME)
    assert await store.policies.get(ME) is None
    await store.policies.put(PolicyRow(ME, 1, VALUE))


async def test_of_two_changes_at_once_one_is_told(store: Store) -> None:
    for revision in (1, 2):
        tries = [store.policies.put(PolicyRow(ME, revision, {"by": number})) for number in range(5)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["NoneType"] + ["VersionConflict"] * 4
        assert await store.policies.get(ME) == PolicyRow(ME, revision, {"by": answers.index(None)})
    for revision in (1, 2, 4):
        with pytest.raises(VersionConflict):
            await store.policies.put(PolicyRow(ME, revision))


async def test_all_of_them(store: Store) -> None:
    names = [f"w{number}" for number in range(5)]
    for name in reversed(names):
        await store.policies.put(PolicyRow(name, 1, {"name": name}))
    seen: list[str] = []
    while page := await store.policies.everything(limit=2, after=seen[-1] if seen else None):
        seen += [row.workspace_id for row in page]
    assert seen == names
