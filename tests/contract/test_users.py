"""Accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.errors import Conflict, NotFound
from engine.models.run import Role
from engine.store import Store
from tests.contract.make import make_user


async def test_an_account_is_found_by_address_and_id(store: Store) -> None:
    user = make_user(email="me@example.com", role=Role.ADMIN, token_version=3)
    await store.users.create(user)
    assert await store.users.by_email("me@example.com") == user
    assert await store.users.by_id(user.id) == user
    assert await store.users.by_email("you@example.com") is None
    assert await store.users.by_id("unknown") is None


async def test_an_address_is_one_address_however_it_is_typed(store: Store) -> None:
    user = make_user(email="Me@Example.COM")
    await store.users.create(user)
    assert await store.users.by_email("me@example.com") == replace(user, email="me@example.com")
    assert (await store.users.by_email("ME@EXAMPLE.COM")) is not None
    with pytest.raises(Conflict):
        await store.users.create(make_user(email="mE@example.com"))


async def test_a_taken_id_is_a_conflict(store: Store) -> None:
    user = make_user()
    await store.users.create(user)
    with pytest.raises(Conflict):
        await store.users.create(make_user(id=user.id))
    assert await store.users.by_id(user.id) == user


async def test_of_many_registrations_at_once_one_wins(store: Store) -> None:
    users = [make_user(email="me@example.com") for _ in range(10)]
    answers = await asyncio.gather(*(store.users.create(user) for user in users), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9
    winner = users[answers.index(None)]
    assert await store.users.by_email("me@example.com") == winner
    assert len((await store.users.page(limit=20)).items) == 1


async def test_only_what_is_given_changes(store: Store) -> None:
    user = make_user()
    await store.users.create(user)
    await store.users.update(user.id, role=Role.ADMIN)
    await store.users.update(user.id, password_hash="new", token_version=0)
    await store.users.update(user.id)
    assert await store.users.by_id(user.id) == replace(user, role=Role.ADMIN, password_hash="new")
    await store.users.update(user.id, token_version=7)
    assert await store.users.by_id(user.id) == replace(user, role=Role.ADMIN, password_hash="new", token_version=7)


async def test_an_unknown_account_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.users.update("unknown", role=Role.ADMIN)


async def test_what_was_read_is_a_copy(store: Store) -> None:
    user = make_user()
    await store.users.create(user)
    user.role = Role.ADMIN
    found = await store.users.by_id(user.id)
    assert found is not None
    found.role = Role.ADMIN
    again = await store.users.by_email(user.email)
    assert again is not None
    assert again.role is Role.USER


async def test_accounts_are_paged_newest_first(store: Store) -> None:
    users = [make_user(id=f"user-{number:02}") for number in range(7)]
    for user in users:
        await store.users.create(user)
    first = await store.users.page(limit=3)
    second = await store.users.page(limit=3, cursor=first.cursor)
    third = await store.users.page(limit=3, cursor=second.cursor)
    assert [*first.items, *second.items, *third.items] == list(reversed(users))
    assert third.cursor is None
