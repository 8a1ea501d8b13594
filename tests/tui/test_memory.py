"""What is remembered between sessions, and that nothing about its file stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowdesk.tui.memory import Memory


def test_values_come_back(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state" / "session.json")
    memory.put("area", "runs")
    memory.save()
    assert Memory(tmp_path / "state" / "session.json").get("area") == "runs"
    assert (tmp_path / "state" / "session.json").stat().st_mode & 0o077 == 0


def test_recent_inputs_are_newest_first_and_each_once(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "session.json")
    for text in ("a", "b", "", "a"):
        memory.note("filter", text)
    assert memory.recall("filter") == ["a", "b"]
    for number in range(30):
        memory.note("filter", str(number))
    assert memory.recall("filter")[0] == "29"
    assert len(memory.recall("filter")) == 20


@pytest.mark.parametrize("text", ["{", "[]", "\x00", '"x"'])
def test_an_unreadable_file_is_set_aside_and_told_once(tmp_path: Path, text: str) -> None:
    place = tmp_path / "session.json"
    place.write_text(text)
    memory = Memory(place)
    assert "session.bad" in (memory.trouble or "")
    assert (tmp_path / "session.bad").read_text() == text
    memory.save()
    assert Memory(place).trouble is None


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = Memory(tmp_path / "file" / "session.json")
    memory.save()
    assert "cannot" in (memory.trouble or "")


def test_without_a_place_nothing_is_written() -> None:
    memory = Memory(None)
    memory.put("area", "runs")
    memory.save()
    assert (memory.get("area"), memory.trouble) == ("runs", None)
