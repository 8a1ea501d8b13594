from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowdesk import local
from flowdesk.local import LocalServer


def test_the_data_directory_is_the_one_the_server_uses(tmp_path: Path) -> None:
    assert local.data_dir({"FLOWDESK_DATA_DIR": "/data"}, tmp_path) == Path("/data")
    assert local.data_dir({"FLOWDESK_DATA_DIR": "data"}, tmp_path) == Path.cwd() / "data"
    (tmp_path / ".env").write_text("PORT=4123\nFLOWDESK_DATA_DIR=/from/dotenv\n")
    assert local.data_dir({}, tmp_path) == Path("/from/dotenv")
    assert local.data_dir({"FLOWDESK_DATA_DIR": "/data"}, tmp_path) == Path("/data")
    assert local.setting("PORT", {}, tmp_path) == "4123"
    assert local.setting("HOST", {}, tmp_path) is None


def test_without_settings_it_is_the_platform_s_place(tmp_path: Path) -> None:
    assert local.data_dir({}, tmp_path).name == "flowdesk"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"1", b'{"url": "http://a"}', b'{"url": 1, "pid": 2}', b'{"url": "a", "pid": "1"}', b"\xff"],
)
def test_what_introduces_no_server(raw: bytes) -> None:
    assert local.parse_server(raw) is None


def test_a_server_lives_as_long_as_its_process(tmp_path: Path) -> None:
    assert local.living_server(tmp_path) is None
    state = tmp_path / "server.json"
    state.write_text(json.dumps({"url": "http://a", "pid": os.getpid(), "token": "t", "version": "1"}))
    assert local.living_server(tmp_path) == LocalServer("http://a", os.getpid(), "t")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=30)
    state.write_text(json.dumps({"url": "http://a", "pid": gone.pid, "token": "t"}))
    assert local.living_server(tmp_path) is None


@pytest.mark.parametrize("pid", [0, -1, 1 << 40])
def test_impossible_processes_are_not_alive(pid: int) -> None:
    assert not local.is_alive(pid)
