"""Databases as people name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Unusable
from server.places import place


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("sqlite:///srv/a%20b/x.db", "/srv/a b/x.db"),
        ("/srv/x.sqlite3", "/srv/x.sqlite3"),
        ("/srv/flow", "/srv/flow/flowdesk.db"),
        ("data", "{here}/data/flowdesk.db"),
        ("./copy.db", "{here}/copy.db"),
        ("file", "{here}/file"),
        ("dir.db", "{here}/dir.db/flowdesk.db"),
    ],
)
def test_files(text: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "dir.db").mkdir()
    found = place(text)
    assert str(found.path) == file.replace("{here}", str(tmp_path.resolve()))
    assert found.url is None
    assert found.missing == (text != "file")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mongodb://h:1/flow", "mongodb://h:1/flow"),
        ("mongodb://me:s3cret@h1:1,h2:2/flow?authSource=admin", "mongodb://h1:1,h2:2/flow"),
        ("mongodb+srv://me:a%40b@h/flow", "mongodb+srv://h/flow"),
    ],
)
def test_addresses_are_shown_without_login(text: str, name: str) -> None:
    """Row 48."""
    found = place(text)
    assert (found.url, found.path, found.name, found.missing) == (text, None, name, False)
    assert type(found.store()).__name__ == "MongoStore"


@pytest.mark.parametrize(
    "text", ["", "redis://h/0", "postgres://me:s3cret@h/x", "sqlite://host/x", "sqlite:", "sqlite:///x?mode=rw"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Unusable) as refused:
        place(text)
    assert refused.value.code == "settings"
    assert "mongodb://host:27017/flowdesk" in str(refused.value)
    assert "s3cret" not in str(refused.value)
