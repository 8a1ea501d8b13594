"""Secrets: sealed rows of one tenant."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import Conflict, NotFound, VersionConflict
from engine.store import Store
from tests.contract.backends import Opener
from tests.contract.make import ME, NOW, YOU, make_secret


async def test_a_secret_comes_back_as_it_was_also_after_reopening(opener: Opener) -> None:
    row = make_secret(used_at=NOW + 3)
    async with opener() as store:
        await store.secrets.create(row)
        assert await store.secrets.get(ME, row.name) == row
    async with opener() as store:
        assert await store.secrets.get(ME, row.name) == row


async def test_a_name_is_taken_once_for_each_tenant(store: Store) -> None:
    await store.secrets.create(make_secret())
    with pytest.raises(Conflict):
        await store.secrets.create(make_secret(sealed="other"))
    await store.secrets.create(make_secret(owner_id=YOU, sealed="yours"))
    await store.secrets.create(make_secret(name="api_token"))
    assert (await store.secrets.get(ME, "API_TOKEN")).sealed == "c2VhbGVk"
    assert (await store.secrets.get(YOU, "API_TOKEN")).sealed == "yours"


async def test_of_many_at_once_one_wins(store: Store) -> None:
    rows = [make_secret(sealed=str(number)) for number in range(8)]
    answers = await asyncio.gather(*(store.secrets.create(row) for row in rows), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 7


async def test_somebody_elses_secret_is_unknown(store: Store) -> None:
    """Row 41."""
    row = make_secret()
    await store.secrets.create(row)
    with pytest.raises(NotFound):
        await store.secrets.get(YOU, row.name)
    with pytest.raises(NotFound):
        await store.secrets.replace(replace(row, owner_id=YOU, revision=2))
    with pytest.raises(NotFound):
        await store.secrets.delete(YOU, row.name)
    assert await store.secrets.some(YOU, [row.name]) == []
    assert await store.secrets.page(YOU, limit=9) == []
    assert not await store.secrets.lease(YOU, row.name, holder="a", now=NOW, until=NOW + 5)
    await store.secrets.used(YOU, [row.name], NOW + 9)
    assert await store.secrets.get(ME, row.name) == row


async def test_some_are_those_that_are_there(store: Store) -> None:
    for name in ("B", "A", "C"):
        await store.secrets.create(make_secret(name=name))
    found = await store.secrets.some(ME, ["C", "A", "gone", "$where", "'; DROP TABLE secrets; --", "A"])
    assert [row.name for row in found] == ["A", "C"]
    assert await store.secrets.some(ME, []) == []


async def test_lists_go_by_name(store: Store) -> None:
    names = ["Zeta", "alpha", "Alpha", "b-1", "b_1"]
    for name in names:
        await store.secrets.create(make_secret(name=name))
    await store.secrets.create(make_secret(owner_id=YOU, name="m"))
    seen: list[str] = []
    while page := await store.secrets.page(ME, limit=2, after=seen[-1] if seen else None):
        seen += [row.name for row in page]
    assert seen == sorted(names)


async def test_a_change_needs_the_revision_before_it(store: Store) -> None:
    row = make_secret()
    await store.secrets.create(row)
    await store.secrets.used(ME, [row.name], NOW + 4)
    changed = replace(row, revision=2, key_id="k2", sealed="new", about={}, kind="env", updated_at=NOW + 9)
    await store.secrets.replace(replace(changed, created_at=1, used_at=None))
    assert await store.secrets.get(ME, row.name) == replace(changed, used_at=NOW + 4)
    for revision in (2, 4):
        with pytest.raises(VersionConflict):
            await store.secrets.replace(replace(changed, revision=revision, sealed="late"))
    with pytest.raises(NotFound):
        await store.secrets.replace(replace(changed, name="gone", revision=3))
    assert (await store.secrets.get(ME, row.name)).sealed == "new"


async def test_of_two_changes_at_once_one_wins(store: Store) -> None:
    row = make_secret()
    await store.secrets.create(row)
    rows = [replace(row, revision=2, sealed=str(number)) for number in range(6)]
    answers = await asyncio.gather(*(store.secrets.replace(row) for row in rows), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert (await store.secrets.get(ME, row.name)).sealed == rows[answers.index(None)].sealed


async def test_a_removed_secret_is_gone(store: Store) -> None:
    await store.secrets.create(make_secret())
    await store.secrets.delete(ME, "API_TOKEN")
    for gone in (store.secrets.get(ME, "API_TOKEN"), store.secrets.delete(ME, "API_TOKEN")):
        with pytest.raises(NotFound):
            await gone
    await store.secrets.create(make_secret())


async def test_the_last_use_never_moves_back(store: Store) -> None:
    for name in ("A", "B", "C"):
        await store.secrets.create(make_secret(name=name))
    await store.secrets.used(ME, ["A", "B", "gone"], NOW + 5)
    await store.secrets.used(ME, ["A"], NOW + 2)
    await store.secrets.used(ME, [], NOW + 8)
    assert [row.used_at for row in await store.secrets.page(ME, limit=9)] == [NOW + 5, NOW + 5, None]


async def test_one_holder_at_a_time_renews_a_secret(store: Store) -> None:
    await store.secrets.create(make_secret())
    holders = [f"p{number}" for number in range(6)]
    tries = (store.secrets.lease(ME, "API_TOKEN", holder=who, now=NOW, until=NOW + 100) for who in holders)
    answers = await asyncio.gather(*tries)
    assert sum(answers) == 1
    winner = holders[answers.index(True)]
    assert await store.secrets.lease(ME, "API_TOKEN", holder=winner, now=NOW + 50, until=NOW + 150)
    assert not await store.secrets.lease(ME, "API_TOKEN", holder="other", now=NOW + 149, until=NOW + 300)
    await store.secrets.unlease(ME, "API_TOKEN", holder="other")
    assert not await store.secrets.lease(ME, "API_TOKEN", holder="other", now=NOW + 149, until=NOW + 300)
    assert await store.secrets.lease(ME, "API_TOKEN", holder="other", now=NOW + 150, until=NOW + 300)
    await store.secrets.unlease(ME, "API_TOKEN", holder=winner)
    await store.secrets.unlease(ME, "API_TOKEN", holder="other")
    assert await store.secrets.lease(ME, "API_TOKEN", holder=winner, now=NOW, until=NOW + 10)
    assert not await store.secrets.lease(ME, "gone", holder=winner, now=NOW, until=NOW + 10)


async def test_a_change_leaves_the_lease(store: Store) -> None:
    row = make_secret()
    await store.secrets.create(row)
    assert await store.secrets.lease(ME, row.name, holder="a", now=NOW, until=NOW + 10)
    await store.secrets.replace(replace(row, revision=2))
    assert not await store.secrets.lease(ME, row.name, holder="b", now=NOW, until=NOW + 10)


async def test_everything_goes_through_all_tenants(store: Store) -> None:
    wanted = sorted((owner, name) for owner in (ME, YOU, "third") for name in ("A", "B", "C"))
    for owner, name in reversed(wanted):
        await store.secrets.create(make_secret(owner_id=owner, name=name, key_id=f"key-of-{owner}"))
    seen: list[tuple[str, str]] = []
    while page := await store.secrets.everything(limit=2, after=seen[-1] if seen else None):
        seen += [(row.owner_id, row.name) for row in page]
    assert seen == wanted
    assert await store.secrets.key_ids() == {f"key-of-{owner}" for owner in (ME, YOU, "third")}


async def test_no_secrets_no_keys(store: Store) -> None:
    assert await store.secrets.key_ids() == set()
    assert await store.secrets.everything(limit=5) == []


def test_ciphertext_is_not_printed() -> None:
    assert "c2VhbGVk" not in repr(make_secret())
