"""Drafts outlive a crash, and never come back for another server or workflow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowdesk.tui.document.drafts_store import DraftsStore, StoredDraft
from tests.tui.document.shop import body, saved

DRAFT = StoredDraft("http://127.0.0.1:1", "wf_1", "2026-01-01T00:00:00+00:00", "name: [", "yaml", body(), saved())


def _files(state: Path) -> list[Path]:
    return sorted((state / "drafts").iterdir())


def test_a_draft_comes_back_as_it_was(tmp_path: Path) -> None:
    assert DraftsStore(tmp_path).save(DRAFT) is None
    assert DraftsStore(tmp_path).load(DRAFT.server, DRAFT.workflow).draft == DRAFT
    assert [path.stat().st_mode & 0o777 for path in _files(tmp_path)] == [0o600]


def test_servers_and_workflows_do_not_mix(tmp_path: Path) -> None:
    store = DraftsStore(tmp_path)
    store.save(DRAFT)
    store.save(replace(DRAFT, server="http://127.0.0.1:2", source="other"))
    for server, workflow, source in [(DRAFT.server, "wf_1", "name: ["), ("http://127.0.0.1:2", "wf_1", "other")]:
        found = store.load(server, workflow).draft
        assert found is not None
        assert found.source == source
    assert store.load(DRAFT.server, "wf_2").draft is None


def test_a_removed_draft_is_gone(tmp_path: Path) -> None:
    store = DraftsStore(tmp_path)
    store.save(DRAFT)
    store.remove(DRAFT.server, DRAFT.workflow)
    store.remove(DRAFT.server, DRAFT.workflow)
    assert (store.load(DRAFT.server, DRAFT.workflow), _files(tmp_path)) == (store.load("", ""), [])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 9}', b"\xff\xfe"])
def test_an_unreadable_draft_is_kept_aside_and_told(tmp_path: Path, content: bytes) -> None:
    store = DraftsStore(tmp_path)
    store.save(DRAFT)
    _files(tmp_path)[0].write_bytes(content)
    found = store.load(DRAFT.server, DRAFT.workflow)
    assert found.draft is None
    assert found.trouble is not None
    assert ".bad" in found.trouble
    assert [path.read_bytes() for path in _files(tmp_path)] == [content]
    assert store.load(DRAFT.server, DRAFT.workflow).trouble is None


def test_a_file_of_another_server_is_not_used(tmp_path: Path) -> None:
    store = DraftsStore(tmp_path)
    store.save(DRAFT)
    mine = _files(tmp_path)[0]
    store.save(replace(DRAFT, server="other"))
    other = next(path for path in _files(tmp_path) if path != mine)
    other.replace(mine)
    assert store.load(DRAFT.server, DRAFT.workflow).draft is None


def test_troubles_are_told_and_not_raised(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("in the way")
    store = DraftsStore(tmp_path)
    assert "cannot be kept" in (store.save(DRAFT) or "")
    assert "cannot be read" in (store.load(DRAFT.server, DRAFT.workflow).trouble or "")
    store.remove(DRAFT.server, DRAFT.workflow)


def test_half_a_character_is_told(tmp_path: Path) -> None:
    assert "cannot be kept" in (DraftsStore(tmp_path).save(replace(DRAFT, source="\ud800")) or "")


def test_without_a_directory_nothing_is_kept() -> None:
    store = DraftsStore(None)
    store.save(DRAFT)
    assert store.load(DRAFT.server, DRAFT.workflow).draft is None
