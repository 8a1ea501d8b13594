"""The example workflows are right, explained, and ask nothing of the machine they are loaded on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.graph import validate
from engine.registry import Registry
from flowdesk.files import find_files, read_workflow_file
from plugins.builtins import BUILTINS
from tests.house.tree import ROOT

FILES = list(find_files([ROOT / "examples"]))


@pytest.fixture(scope="module")
def registry() -> Registry:
    loaded = Registry()
    loaded.load(BUILTINS, third_party=False)
    assert [plugin.error for plugin in loaded.plugins if plugin.error] == []
    return loaded


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_valid(path: Path, registry: Registry) -> None:
    draft, problems = validate(read_workflow_file(path).document, registry)
    assert problems == []
    assert draft is not None
    assert draft.description
    assert "example" in draft.tags


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_begins_with_its_explanation(path: Path) -> None:
    assert path.read_text().startswith("# ")


def test_names_are_unique() -> None:
    names = [read_workflow_file(path).document["name"] for path in FILES]
    assert len(set(names)) == len(names) >= 6


def test_no_example_calls_the_internet_by_itself() -> None:
    """A schedule that reaches out is switched off until somebody wants it."""
    for path in FILES:
        document = read_workflow_file(path).document
        refs = {step["ref"] for step in document["steps"]}
        if "schedule.cron" in refs or document.get("scheduleCron"):
            assert "http.request" not in refs or document["enabled"] is False, path.name
