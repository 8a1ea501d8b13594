"""Whatever the pages tell a reader to type exists, and no link leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowdesk.cli.root import COMMANDS
from server.__main__ import main as flowdesk_server
from tests.house.tree import ROOT, name_of

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```|^((?: {4}.*\n)+)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def _commands(text: str) -> list[str]:
    blocks = [fenced or indented for fenced, indented in _BLOCK.findall(text)]
    spoken = re.findall(r"`((?:make|flowdesk|flowdesk-server) [^`]+)`", text)
    return [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()] + spoken


def _slug(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return plain.replace(" ", "-")


def _anchors(text: str) -> set[str]:
    return {*map(_slug, _HEADING.findall(text)), *re.findall(r'<a id="([^"]+)">', text)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {found[1] for line in _commands(page.read_text()) if (found := re.match(r"make ([a-z][a-z-]*)", line))}
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    for program, known in (("flowdesk", set(COMMANDS)), ("flowdesk-server", set(flowdesk_server.commands))):
        verbs = {
            found[1]
            for line in _commands(page.read_text())
            if (found := re.match(rf"{program} ([a-z][a-z-]*)(?= |$)", line))
        }
        assert verbs - known == set(), f"{program} in {page.name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(page.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in _anchors(there.read_text())):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_files_that_exist(page: Path) -> None:
    named = set(
        re.findall(r"`((?:engine|server|flowdesk|plugins|tests|bench|examples|docs)/[\w./-]+)`", page.read_text())
    )
    assert {path for path in named if not (ROOT / path).exists()} == set()
