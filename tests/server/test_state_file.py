"""The state file: private, whole, believed only while its process lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Unusable
from server.state_file import Running, read_state, remove_state, write_state

HERE = Running("http://127.0.0.1:4000", os.getpid(), "token", "1.0")


def test_round_trip_and_mode(tmp_path: Path) -> None:
    """Row 68: it holds a token, so only its owner can read it."""
    path = tmp_path / "server.json"
    write_state(path, HERE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_state(path) == HERE
    assert json.loads(path.read_text()) == {
        "url": HERE.url,
        "pid": HERE.pid,
        "token": "token",
        "version": "1.0",
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["server.json"]


def test_a_file_readable_by_others_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    path.write_text("old")
    path.chmod(0o644)
    write_state(path, HERE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_dead_process_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_state(path, Running("http://127.0.0.1:1", ended.pid, "t", "1"))
    assert read_state(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"url":1}', b'{"url":"u","pid":"x","token":"t","version":"1"}']
)
def test_a_damaged_file_is_no_server(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "server.json"
    path.write_bytes(content)
    assert read_state(path) is None
    remove_state(path, os.getpid())
    assert path.exists()


def test_only_its_own_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    write_state(path, HERE)
    remove_state(path, HERE.pid + 1)
    assert path.exists()
    remove_state(path, HERE.pid)
    assert not path.exists()
    remove_state(path, HERE.pid)


def test_no_place_to_write(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot write"):
        write_state(tmp_path / "missing" / "server.json", HERE)
