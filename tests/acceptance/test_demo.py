"""`make demo` as somebody runs it who has just cloned the repository."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.tree import ROOT, clean_environment

CHAPTERS = ("user registers", "workflows are loaded", "webhook", "live log", "schedule", "kill -9", "restart")
WITHOUT_FAILURES = """
import sys
from examples.demo import main
from examples.demo_partner import Partner
Partner.customers = Partner.page
sys.exit(main())
"""


@pytest.mark.timeout(120)
def test_the_demo_shows_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """R3, R4, R5: the demo itself checks the partner's counts; without a terminal it neither asks nor colours."""
    begun = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "examples.demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        env=clean_environment(TMPDIR=str(tmp_path), HOME=str(tmp_path)),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert time.monotonic() - begun < 30
    assert "\x1b" not in ran.stdout
    chapters = re.findall(r"^\d\. (.*)$", ran.stdout, re.MULTILINE)
    assert len(chapters) == len(CHAPTERS)
    for chapter, expected in zip(chapters, CHAPTERS, strict=True):
        assert expected in chapter
    assert "All of it really happened" in ran.stdout.splitlines()[-1]
    assert list(tmp_path.glob("flowdesk-demo-*")) == []


def test_the_demo_fails_when_something_did_not_happen(tmp_path: Path) -> None:
    """A partner that never fails proves no retry, and the demo must say so."""
    ran = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT_FAILURES],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        env=clean_environment(TMPDIR=str(tmp_path), HOME=str(tmp_path)),
    )
    assert ran.returncode == 1
    assert "demo failed: " in ran.stderr
    assert "All of it really happened" not in ran.stdout
