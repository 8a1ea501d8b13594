"""The make targets, and how `.venv` comes to be."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, clean_environment


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=clean_environment(),
    )


def _public_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    return set(phony.split()) - {"venv", "venv-dev"}


def test_make_alone_explains_every_target() -> None:
    shown = _make()
    assert shown.returncode == 0, shown.stderr
    explained = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", shown.stdout, re.MULTILINE))
    assert set(explained) == _public_targets()


def test_make_test_runs_every_check_and_ends_with_pytest() -> None:
    planned = _make("-n", "test").stdout.strip().splitlines()
    joined = "\n".join(planned)
    for check in ("ruff check", "ruff format --check", "-m mypy", "lint-imports"):
        assert check in joined
    assert "-m pytest" in planned[-1]


def test_ci_runs_what_everybody_runs() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().rstrip().endswith("exec make test")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Only what making `.venv` needs, with a PATH on which no Python stands."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "cksum", "rm"):
        found = shutil.which(tool)
        assert found
        (tools / tool).symlink_to(found)
    return tmp_path


def _venv(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ".ci/venv", "run", "requirements.lock"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=checkout,
        env={"PATH": str(checkout / "tools"), **environment},
    )


def _fake_python(checkout: Path, name: str, script: str) -> None:
    path = checkout / "tools" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_without_python_it_says_what_to_install(checkout: Path) -> None:
    ran = _venv(checkout)
    assert ran.returncode == 1
    assert "needs Python 3.11 or newer" in ran.stderr


def test_an_old_or_broken_python_is_passed_over(checkout: Path) -> None:
    _fake_python(checkout, "python3.13", "exit 127")
    _fake_python(checkout, "python3", "exit 1")
    assert "needs Python 3.11 or newer" in _venv(checkout).stderr


def test_a_python_without_venv_names_the_package(checkout: Path) -> None:
    """Debian and Ubuntu split the venv module off."""
    _fake_python(
        checkout,
        "python3.12",
        'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac',
    )
    ran = _venv(checkout)
    assert ran.returncode == 1
    assert "sudo apt install python3.12-venv" in ran.stderr


def test_a_wrong_choice_of_python_is_named(checkout: Path) -> None:
    ran = _venv(checkout, PYTHON="/nowhere/python3")
    assert ran.returncode == 1
    assert "PYTHON=/nowhere/python3" in ran.stderr


def test_an_up_to_date_venv_is_left_alone_and_a_changed_lock_is_noticed(checkout: Path) -> None:
    """The interpreter in this .venv is real but cannot install, so an attempt to is visible."""
    (checkout / ".venv/bin").mkdir(parents=True)
    real = sys.executable
    script = f'#!/bin/sh\ncase "$*" in *"pip "*) echo "installs: $*" >&2; exit 9;; esac\nexec {real} "$@"\n'
    (checkout / ".venv/bin/python").write_text(script)
    (checkout / ".venv/bin/python").chmod(0o755)
    wanted = subprocess.run(
        ["sh", "-c", "{ pwd; .venv/bin/python -VV; cat pyproject.toml requirements.lock; } | cksum"],
        capture_output=True,
        text=True,
        cwd=checkout,
        timeout=30,
    ).stdout
    (checkout / ".venv/.installed-run").write_text(wanted)
    assert _venv(checkout).returncode == 0
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    ran = _venv(checkout)
    assert ran.returncode == 9
    assert "--require-hashes -r requirements.lock" in ran.stderr
