"""The servers the other tests rest on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers import process
from tests.servers.mongod import Mongod, with_database, without_database
from tests.servers.valkey import Valkey

_ROOT = Path(__file__).resolve().parents[2]


def test_redis_keeps_what_it_acknowledged(own_redis: Valkey) -> None:
    """As every Redis of a FlowDesk should be set up: an append-only file."""
    assert own_redis.send(b"SET key value") == b"+OK\r\n"
    own_redis.kill()
    assert own_redis.send(b"PING") is None
    own_redis.start()
    assert own_redis.send(b"GET key") == b"$5\r\nvalue\r\n"


def test_mongod_starts_again_on_its_data(own_mongod: Mongod) -> None:
    with own_mongod.client() as client:
        client["x"]["y"].insert_one({"_id": 1})
    own_mongod.stop()
    own_mongod.start()
    with own_mongod.client() as client:
        assert client["x"]["y"].count_documents({}) == 1
    directory = own_mongod.directory
    own_mongod.discard()
    assert not directory.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_servers_end_with_the_process_that_started_them() -> None:
    """Even with one that is killed."""
    code = "from tests.servers.valkey import Valkey; v = Valkey(); v.start(); print(v.pid, v.directory, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; input()"], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        parent.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until
        time.sleep(0.01)
    subprocess.run(["rm", "-r", directory], check=True)


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Valkey()
    monkeypatch.setattr(server, "command", lambda: [sys.executable, "-c", "raise SystemExit('no such option')"])
    with pytest.raises(pytest.fail.Exception, match="no such option"):
        server.start()
    server.discard()


@pytest.mark.parametrize(
    ("ci", "platform", "outcome"), [("1", "darwin", "fail"), ("", "linux", "fail"), ("", "win32", "skip")]
)
def test_a_missing_server_is_no_silence(monkeypatch: pytest.MonkeyPatch, ci: str, platform: str, outcome: str) -> None:
    """Where it can be had its absence is a failure; elsewhere the report says what was not run."""
    monkeypatch.setitem(os.environ, "CI", ci)
    monkeypatch.setattr(sys, "platform", platform)
    kind = pytest.fail.Exception if outcome == "fail" else pytest.skip.Exception
    with pytest.raises(kind, match=r"MongoDB cannot be started here; .*MONGO_URL"):
        process.cannot_run("MongoDB", "MONGO_URL")


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("mongodb://h", "mongodb://h/"),
        ("mongodb://u:p@h:1,i:2/db", "mongodb://u:p@h:1,i:2/"),
        ("mongodb+srv://h/db?w=1", "mongodb+srv://h/?w=1"),
    ],
)
def test_addresses_of_databases(url: str, base: str) -> None:
    assert without_database(url) == base
    named = with_database(base, "x")
    assert "/x" in named
    assert without_database(named) == base
