"""`flowdesk doctor`, `backup`, `restore FILE` and `db copy`: handed to the server program of this installation."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.acceptance.command import Home, serving

FLOW = {
    "name": "Say",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "say"},
        {"id": "say", "ref": "core.log", "params": {"message": "hello"}},
    ],
}


def _codes(document: dict[str, Any], level: str) -> set[str]:
    return {finding["code"] for finding in document["findings"] if finding["level"] == level}


def test_a_whole_story(home: Home, tmp_path: Path) -> None:
    """Examined beside a running server, backed up, ended, examined again, repaired, restored, copied."""
    with serving(home) as server:
        home.flowdesk("apply", home.write("flow.json", FLOW))
        assert home.flowdesk("run", "Say", "--wait").code == 0
        seen = home.flowdesk("doctor", "--json")
        assert seen.code == 0, seen.out
        assert _codes(seen.json, "warning") | _codes(seen.json, "problem") == set()
        assert "server" in _codes(seen.json, "ok")
        backed = home.flowdesk("backup", "copy.db", "--json")
        assert (backed.code, backed.json["backup"]) == (0, str(home.work / "copy.db"))
        refused = home.flowdesk("restore", "copy.db", "--force")
        assert (refused.code, f"in use by process {server.pid}" in refused.err) == (4, True)
    shown = home.flowdesk("doctor")
    assert shown.code == 0, shown.out
    assert "no server runs on this data directory" in shown.out
    assert "\x1b" not in shown.out
    _a_lie_is_put_right(home)
    restored = home.flowdesk("restore", "copy.db", "--data-dir", str(tmp_path / "elsewhere"))
    assert restored.code == 0, restored.err
    copied = home.flowdesk("db", "copy", str(home.data), "sqlite://" + str(tmp_path / "third.db"), "--json")
    assert (copied.code, copied.json["equal"]) == (0, True)
    assert home.flowdesk("ls", FLOWDESK_DATA_DIR=str(tmp_path / "elsewhere")).out.count("Say") == 1


def _a_lie_is_put_right(home: Home) -> None:
    """A problem ends with 1, says what to do, and is gone after --fix."""
    with closing(sqlite3.connect(home.data / "flowdesk.db")) as connection, connection:
        connection.execute("UPDATE runs SET status = 'RUNNING', finished_at = NULL, owner = 'nobody'")
    sick = home.flowdesk("doctor", "--json")
    assert (sick.code, _codes(sick.json, "problem")) == (1, {"runs.differ"})
    (finding,) = [finding for finding in sick.json["findings"] if finding["level"] == "problem"]
    assert finding["meaning"]
    assert "--fix" in finding["remedy"]
    assert "fixed" in home.flowdesk("doctor", "--fix").out
    assert home.flowdesk("doctor").code == 0


def test_doctor_names_settings_that_are_wrong(home: Home) -> None:
    ended = home.flowdesk("doctor", "--json", FLOWDESK_LOG_LEVLE="debug")
    assert ended.code == 1
    (finding,) = ended.json["findings"]
    assert finding["code"] == "settings"
    assert "did you mean FLOWDESK_LOG_LEVEL?" in finding["message"]
    assert not home.data.exists()


def test_restore_says_what_it_lacks(home: Home) -> None:
    missing = home.flowdesk("restore", "Nothing")
    assert missing.code == 2
    assert "flowdesk restore Nothing VERSION" in missing.err
    assert home.flowdesk("restore", "Nothing", "--url", "http://127.0.0.1:1").code == 2
    assert home.flowdesk("restore", "Nothing", "2", "--force").code == 2
    assert home.flowdesk("backup").code == 2
    assert home.flowdesk("db", "copy", "one").code == 2
    assert not home.data.exists()


def test_help_names_everything(home: Home) -> None:
    assert "copy" in home.flowdesk("db", "--help").out
    for verb in ("doctor", "backup", "restore"):
        assert "--json" in home.flowdesk(verb, "--help").out
