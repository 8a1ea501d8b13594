"""Where the tests keep their data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import scratch
from tests.scratch import Scratch, wanted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has memory with the paths of files")


@pytest.fixture(autouse=True)
def _unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests go on where they were."""
    monkeypatch.setenv("TMPDIR", tempfile.gettempdir())
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)


def test_it_is_the_temporary_directory_of_everything_and_then_gone(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    found = Scratch(tmp_path)
    assert tempfile.gettempdir() == str(found.path)
    told = subprocess.run(
        [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"], capture_output=True, text=True, check=True
    )
    assert Path(told.stdout.strip()).parent == found.path
    found.discard()
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() == before


def test_what_a_killed_session_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "_FRESH_S", 0.0)
    living = Scratch(tmp_path)
    dead = Scratch(tmp_path)
    (dead.path / "data").write_bytes(b"x")
    os.close(dead._lock)  # what the kernel does for a killed process
    others = [tmp_path / "flowdesk", tmp_path / "flowdesk-tests-file", tmp_path / "flowdesk-tests-link"]
    others[0].mkdir()
    others[1].write_bytes(b"x")
    others[2].symlink_to(others[0])
    found = Scratch(tmp_path)
    assert {*tmp_path.iterdir()} == {living.path, found.path, *others}
    found.discard()
    living.discard()


def test_what_is_being_made_is_left_alone(tmp_path: Path) -> None:
    """Another session between making its directory and locking it."""
    young = tmp_path / "flowdesk-tests-young"
    young.mkdir()
    Scratch(tmp_path).discard()
    assert young.exists()


def test_memory_is_used_where_there_is_room_and_nobody_chose_otherwise(tmp_path: Path) -> None:
    assert wanted({}, tmp_path, room=1)
    assert not wanted({scratch.SWITCH: "1"}, tmp_path, room=1)
    assert not wanted({}, tmp_path / "none", room=1)
    assert not wanted({}, tmp_path, room=shutil.disk_usage(tmp_path).free * 2)
    assert not wanted({}, tmp_path, room=scratch._available() * 2)


def test_other_systems_keep_what_they_have(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not wanted({}, tmp_path, room=1)
