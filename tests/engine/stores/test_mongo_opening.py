"""Databases that cannot be used are refused with one line that says why and what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from engine.errors import Unusable
from engine.stores.mongo import opening
from engine.stores.mongo.schema import FORM, INDEXES
from engine.stores.mongo.store import MongoStore
from tests.contract.make import make_commit, make_run, make_user, put
from tests.engine.stores.mongo import behind, opened
from tests.servers.mongod import SERVERS, Mongod
from tests.servers.patient import patient_store
from tests.servers.process import free_port


async def _refusal(url: str, *, patience_s: float = 0) -> Unusable:
    store = MongoStore(url, patience_s=patience_s)
    with pytest.raises(Unusable) as caught:
        await store.open()
    await store.close()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "redis://localhost:6379/0",
        "postgres://me:hunter2@db/x",
        "mongodb://",
        "mongodb://me:hunter2@host:port/x",
        "mongodb://me:hunter2@db/sl ash",
        "mongodb://me:hunt@er2@db/x",
        "mongodb://db/x?w=many&nonsense",
    ],
)
async def test_what_is_no_address_is_refused_without_telling_the_password(url: str) -> None:
    """Row 48."""
    error = await _refusal(url)
    assert "MONGO_URL" in str(error)
    assert "mongodb://" in (error.hint or "")
    assert "hunt" not in str(error)


async def test_nobody_there(victim_mongod: Mongod, victim_url: str) -> None:
    begun = time.monotonic()
    port = free_port()
    error = await _refusal(f"mongodb://me:hunter2@127.0.0.1:{port}/x")
    assert f"MongoDB at 127.0.0.1:{port} cannot be reached" in str(error)
    assert "Connection refused" in str(error)
    assert time.monotonic() - begun < 15  # the driver's own patience is 30 s
    victim_mongod.pause()
    error = await _refusal(victim_url)
    assert "cannot be reached" in str(error)
    victim_mongod.resume()


async def test_a_server_that_starts_at_the_same_moment_is_waited_for(victim_mongod: Mongod, victim_url: str) -> None:
    victim_mongod.stop()
    starting = asyncio.create_task(asyncio.to_thread(victim_mongod.start))
    async with opened(victim_url, patience_s=20) as store:
        await starting
        assert (await store.health()).ok


@pytest.fixture
def guarded() -> Iterator[Mongod]:
    """A server that wants to know who you are."""
    server = SERVERS.start(guarded=True)
    with server.client() as client:
        roles = [{"role": "readWrite", "db": "theirs"}]
        root = [{"role": "root", "db": "admin"}]
        client.admin.command("createUser", "root", pwd="hunter2", roles=root)
    with MongoClient[dict[str, object]](server.url, username="root", password="hunter2") as client:
        client.admin.command("createUser", "them", pwd="hunter2", roles=roles)
        client["ours"].command("createUser", "us", pwd="hunter2", roles=[{"role": "readWrite", "db": "ours"}])
    yield server
    server.discard()


async def test_logins_and_rights(guarded: Mongod) -> None:
    host = f"127.0.0.1:{guarded.port}"
    error = await _refusal(f"mongodb://us:hunter3@{host}/ours")
    assert "refuses the login" in str(error)
    assert "hunter3" not in str(error)
    error = await _refusal(f"mongodb://them:hunter2@{host}/ours?authSource=admin")
    assert "may not use the database ours" in str(error)
    error = await _refusal(f"mongodb://{host}/ours")
    assert "may not use the database ours" in str(error)
    async with opened(f"mongodb://us:hunter2@{host}/ours?w=0&journal=false&readPreference=secondary") as store:
        await put(store, make_run())


async def test_an_old_server(mongo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OLDEST", (99, 0))
    error = await _refusal(mongo_url)
    assert "needs 4.4 or newer" in str(error)
    assert error.hint == "upgrade MongoDB"


async def test_a_database_of_a_newer_flowdesk(mongo_url: str) -> None:
    """Row 11."""
    async with opened(mongo_url) as store:
        await store.users.create(make_user())
    database = behind(mongo_url)
    with database.client:
        database["meta"].update_one({"_id": "schema"}, {"$set": {"form": FORM + 1}})
    error = await _refusal(mongo_url)
    assert error.code == "store_too_new"
    assert f"form {FORM + 1}; this one knows {FORM}" in str(error)
    database = behind(mongo_url)
    with database.client:
        assert database["users"].count_documents({}) == 1


async def test_a_database_of_another_program(mongo_url: str) -> None:
    """Row 10: nothing of theirs is touched, not even by an index."""
    database = behind(mongo_url)
    with database.client:
        database["workflows"].insert_one({"_id": 1})
        error = await _refusal(mongo_url)
        assert "belongs to another program" in str(error)
        assert database.list_collection_names() == ["workflows"]
        assert len(database["workflows"].index_information()) == 1
        database["workflows"].drop()
        database["something"].insert_one({"_id": 1})
    async with opened(mongo_url) as store:  # collections that are not ours may live beside ours
        await put(store, make_run())


async def test_an_index_in_our_way(mongo_url: str) -> None:
    database = behind(mongo_url)
    with database.client:
        database["runs"].create_index([("userId", 1)], name="user")
        error = await _refusal(mongo_url)
    assert "an index of runs is not ours" in str(error)


async def test_an_interrupted_first_start_is_finished_by_the_next(mongo_url: str) -> None:
    async with opened(mongo_url):
        pass
    database = behind(mongo_url)
    with database.client:
        database["meta"].delete_many({})
        database["jobs"].drop()
    stores = [patient_store(mongo_url) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    await put(stores[0], make_run())
    for store in stores:
        await store.close()
    database = behind(mongo_url)
    with database.client:
        for collection, indexes in INDEXES.items():
            made = set(database[collection].index_information())
            assert made == {"_id_", *(index.document["name"] for index in indexes)}


async def test_a_counter_behind_the_journal_is_set_right(mongo_url: str) -> None:
    """Whatever was restored by hand: no place is given twice."""
    async with opened(mongo_url) as store:
        place = await store.runs.commit(make_commit(make_run()))
    database = behind(mongo_url)
    with database.client:
        database["meta"].update_one({"_id": "places"}, {"$set": {"last": 0}})
    async with opened(mongo_url) as store:
        assert int(await store.runs.commit(make_commit(make_run()))) > int(place)
