"""Start-up checks: shadowed packages, unusable directories, doors left open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Unusable
from server.preflight import check_house, prepare_data_dir, warnings
from server.settings import Settings


def test_our_own_house_is_in_order() -> None:
    check_house()


@pytest.mark.parametrize("name", ["plugins", "flowdesk"])
def test_a_folder_of_the_same_name_is_noticed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    code = "from server.preflight import check_house\ncheck_house()"
    root = Path(__file__).parent.parent.parent
    ended = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])},
        capture_output=True,
        text=True,
    )
    assert f"the package '{name}' comes from {tmp_path}" in ended.stderr
    assert "start with python -P" in ended.stderr


def test_a_data_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """Row 68."""
    path = tmp_path / "a" / "b"
    prepare_data_dir(path)
    assert path.stat().st_mode & 0o777 == 0o700
    prepare_data_dir(path)
    assert list(path.iterdir()) == []


def test_a_data_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nope/data")):
        with pytest.raises(Unusable, match="cannot write to the data directory") as caught:
            prepare_data_dir(path)
        assert caught.value.code == "data_dir"
        assert "--data-dir" in str(caught.value)


def test_open_doors_are_named(tmp_path: Path) -> None:
    """Row 68."""
    settings = Settings(data_dir=tmp_path)
    tmp_path.chmod(0o700)
    assert warnings(settings, []) == []
    for path in (settings.database, settings.signing_key_file):
        path.touch(0o600)
    assert warnings(settings, []) == []
    settings.database.chmod(0o644)
    settings.signing_key_file.chmod(0o640)
    tmp_path.chmod(0o777)
    found = "\n".join(warnings(settings, ["0.0.0.0"]))
    assert "0.0.0.0 is reachable by other machines, without TLS" in found
    assert f"can use {settings.database};" in found
    assert f"can use {settings.signing_key_file};" in found
    assert f"can write to {tmp_path};" in found
    assert "FLOWDESK_REGISTRATION=invite" in found
    closed = Settings(data_dir=tmp_path, registration="closed")
    assert "FLOWDESK_REGISTRATION" not in "\n".join(warnings(closed, ["0.0.0.0"]))
