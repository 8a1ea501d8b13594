"""How a server is started as a child; that it really starts is tests/acceptance/test_cli_server.py's part."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from flowdesk import child
from flowdesk.child import DidNotStart
from flowdesk.errors import Unreachable

ROOT = Path(child.__file__).resolve().parents[1]


def test_the_working_directory_is_not_on_the_child_s_path() -> None:
    assert child.server_command("--embedded") == [sys.executable, "-P", "-m", "server", "--embedded"]


def test_the_child_gets_no_setting_that_is_only_ours() -> None:
    """Row 48: above all not a token for another server."""
    given = {
        "PATH": "/bin",
        "FLOWDESK_TOKEN": "t",
        "FLOWDESK_URL": "u",
        "FLOWDESK_DEBUG": "1",
        "FLOWDESK_DATA_DIR": "d",
    }
    passed = child.server_environment(given)
    assert passed.pop("PYTHONPATH", str(ROOT)) == str(ROOT)
    assert passed == {"PATH": "/bin", "FLOWDESK_DATA_DIR": "d"}


def test_a_path_that_was_given_stays_behind_ours() -> None:
    passed = child.server_environment({"PYTHONPATH": "/mine"})["PYTHONPATH"].split(os.pathsep)
    assert passed[-1] == "/mine"


async def test_a_child_that_ends_at_once_leaves_its_last_words_and_exit_code(tmp_path: Path) -> None:
    with pytest.raises(DidNotStart) as caught:
        await child.start(tmp_path / "data", dict(os.environ), "--no-such-option")
    assert caught.value.exit_code == 2
    assert "no-such-option" in caught.value.message
    assert str(tmp_path / "data" / "server.log") in (caught.value.hint or "")


async def test_a_bad_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(DidNotStart, match="FLOWDESK_PROT"):
        await child.start(tmp_path / "data", {**os.environ, "FLOWDESK_PROT": "1"}, "--embedded")


async def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(Unreachable, match="cannot use the data directory"):
        await child.start(tmp_path / "data", dict(os.environ), "--embedded")


async def test_a_full_log_is_put_aside(tmp_path: Path) -> None:
    """Row 65: the log of embedded servers does not grow for ever."""
    log = tmp_path / "server.log"
    log.write_bytes(b"x" * (child.MAX_LOG + 1))
    with pytest.raises(DidNotStart):
        await child.start(tmp_path, dict(os.environ), "--no-such-option")
    assert log.stat().st_size < 10_000
    assert (tmp_path / "server.log.1").stat().st_size > child.MAX_LOG
