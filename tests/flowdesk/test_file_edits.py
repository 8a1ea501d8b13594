from __future__ import annotations

from pathlib import Path

import pytest

from flowdesk.errors import BadFile
from flowdesk.file_edits import with_id, write_id
from flowdesk.files import read_text, read_workflow_file


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.yaml", "# top\nname: x # n\nsteps: []\n", '# top\nid: "01a"\nname: x # n\nsteps: []\n'),
        ("a.yaml", "---\nname: x\nid: old # why\n", '---\nname: x\nid: "01a" # why\n'),
        ("a.yaml", "name: x\r\nsteps: []\r\n", 'id: "01a"\r\nname: x\r\nsteps: []\r\n'),
        ("a.yaml", "name: 😀\nid: ~\n", 'name: 😀\nid: "01a"\n'),
        ("a.yaml", "name: x\nsteps:\n  - id: step\n", 'id: "01a"\nname: x\nsteps:\n  - id: step\n'),
        ("a.yaml", "{name: x, steps: []}", '{"id": "01a", name: x, steps: []}'),
        ("a.json", '{"name": "x"}', '{"id": "01a", "name": "x"}'),
        ("a.json", '{\n\t"name": "x"\n}', '{\n\t"id": "01a",\n\t"name": "x"\n}'),
        ("a.json", '{"name": "x", "id": "old"}', '{"name": "x", "id": "01a"}'),
    ],
)
def test_only_the_id_changes(name: str, before: str, after: str) -> None:
    assert with_id(read_text(Path(name), before), "01a") == after


def test_an_empty_object_has_no_room() -> None:
    with pytest.raises(BadFile, match="no room"):
        with_id(read_text(Path("a.json"), "{}"), "01a")


def test_what_cannot_be_changed_safely_is_left_alone() -> None:
    """An alias as the id's key is beyond what we edit, and that is noticed instead of written."""
    file = read_text(Path("a.yaml"), "name: &k id\n*k : old\n")
    assert file.workflow_id == "old"
    with pytest.raises(BadFile, match="safely"):
        with_id(file, "01a")


def test_the_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("name: x\n")
    real.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    write_id(read_workflow_file(link), "01a")
    assert link.is_symlink()
    assert real.read_text() == 'id: "01a"\nname: x\n'
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]
