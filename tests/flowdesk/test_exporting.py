from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowdesk.errors import BadFile
from flowdesk.exporting import as_text, exported, place, write
from flowdesk.yaml_reader import read_yaml


def _workflow(name: str = "Hello", workflow_id: str = "01a", **more: Any) -> Any:
    return {
        "id": workflow_id,
        "ownerId": "o",
        "version": 3,
        "createdAt": "t",
        "updatedAt": "t",
        "name": name,
        "description": "",
        "enabled": True,
        "tags": [],
        "steps": [{"id": "a", "type": "ACTION", "ref": "core.log", "params": {"message": "x"}, "stopOnFailure": True}],
        **more,
    }


def test_a_file_holds_what_people_write() -> None:
    short = {"name": "Hello", "steps": [{"id": "a", "ref": "core.log", "params": {"message": "x"}}]}
    assert exported(_workflow(), with_id=False) == short
    assert exported(_workflow(), with_id=True) == {"id": "01a", **short}
    assert read_yaml(as_text(short, "yaml"))[0] == short
    assert as_text(short, "json").startswith("{\n")


def test_names_become_safe_and_different_file_names(tmp_path: Path) -> None:
    """Row 56: no name leads out of the directory or onto another's file."""
    names = ["../../etc/passwd", "Hello, World!", "hello world", "日本", "", "x" * 300, "con.yaml", ".hidden"]
    placed = place([_workflow(name, f"0{n}") for n, name in enumerate(names)], tmp_path, "yaml")
    assert all(export.path.parent == tmp_path for export in placed)
    assert [export.path.name for export in placed] == [
        "etc-passwd.yaml",
        "hello-world.yaml",
        "hello-world-02.yaml",
        "workflow.yaml",
        "workflow-04.yaml",
        f"{'x' * 80}.yaml",
        "con-yaml.yaml",
        "hidden.yaml",
    ]


def test_the_file_that_names_the_id_is_the_workflow_s(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("id: 01a\nname: Old\nsteps: []\n")
    (tmp_path / "other.yaml").write_text("id: 01b\nname: Other\nsteps: []\n")
    (tmp_path / "broken.yaml").write_text("a: [")
    paths = [
        e.path.name
        for e in place([_workflow(), _workflow("Other", "01c"), _workflow("Broken", "01d")], tmp_path, "yaml")
    ]
    assert paths == ["mine.yml", "other-01c.yaml", "broken-01d.yaml"]


def test_files_are_changed_only_when_asked_to(tmp_path: Path) -> None:
    (first,) = place([_workflow()], tmp_path / "new", "yaml")
    assert write(first, "yaml", with_id=True, force=False) == "written"
    assert write(first, "yaml", with_id=True, force=False) == "unchanged"
    first.path.write_text(first.path.read_text().replace("message: x", "message: y # mine"))
    assert write(first, "yaml", with_id=True, force=False) == "differs"
    assert "message: y # mine" in first.path.read_text()
    assert write(first, "yaml", with_id=True, force=True) == "updated"
    assert "message: x # mine" in first.path.read_text()


def test_json_files_stay_json(tmp_path: Path) -> None:
    path = tmp_path / "hello.json"
    path.write_text('{"id": "01a", "name": "Old", "steps": []}')
    (export,) = place([_workflow()], tmp_path, "yaml")
    assert export.path == path
    assert write(export, "yaml", with_id=True, force=True) == "updated"
    assert path.read_text().startswith('{\n  "id": "01a"')


def test_links_and_unwritable_places_are_refused(tmp_path: Path) -> None:
    """Row 56: a link in the directory does not make us write elsewhere."""
    (export,) = place([_workflow()], tmp_path, "yaml")
    export.path.symlink_to(tmp_path / "victim")
    with pytest.raises(BadFile, match="is a link"):
        write(export, "yaml", with_id=True, force=True)
    (tmp_path / "file").write_text("")
    (blocked,) = place([_workflow()], tmp_path / "file" / "deep", "yaml")
    with pytest.raises(BadFile, match="cannot be written"):
        write(blocked, "yaml", with_id=True, force=False)
