from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowdesk.private import replace_file, write_private


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    before = os.umask(0o027)
    try:
        replace_file(path, "one\r\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"one\r\n"
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o600)
    replace_file(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_private_files_are_made_with_their_directory(tmp_path: Path) -> None:
    """Row 68: for the owner only."""
    path = tmp_path / "a" / "b" / "token"
    write_private(path, "x")
    assert path.stat().st_mode & 0o777 == 0o600
