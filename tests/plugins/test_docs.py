"""The pages about steps are what the code says."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import generate
from engine.sdk import StepResult, Steps
from tests.plugins.support import builtin_registry

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugin"
GUIDE = (ROOT / "docs" / "writing-a-step.md").read_text()


def test_the_generated_pages_are_up_to_date() -> None:
    assert generate.stale() == [], "run make docs"


def test_the_check_finds_an_old_page_and_writing_mends_it(tmp_path: Path) -> None:
    assert generate.stale(tmp_path) == list(generate.PAGES)
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    page = tmp_path / "docs" / "steps.md"
    page.write_text(page.read_text().replace("integer", "number"))
    assert generate.stale(tmp_path) == ["docs/steps.md"]


def test_the_command_has_an_exit_code() -> None:
    def run(*arguments: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "docs.generate", *arguments], cwd=ROOT, capture_output=True
        ).returncode

    assert (run("--check"), run("--nonsense")) == (0, 2)


def test_every_step_and_parameter_is_on_the_page() -> None:
    page = (ROOT / "docs" / "steps.md").read_text()
    for step in builtin_registry().all():
        section = page.split(f"\n## {step.ref}\n")[1].split("\n## ")[0]
        assert step.params is not None
        for name in step.params.model_json_schema().get("properties", {}):
            assert f"| `{name}` |" in section, f"{step.ref}: {name}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)\n```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("language", ["python", "toml"])
def test_the_code_of_the_guide_is_the_code_of_the_example(language: str) -> None:
    suffix = {"python": "py", "toml": "toml"}[language]
    files = [path.read_text() for path in EXAMPLE.rglob(f"*.{suffix}")]
    assert blocks(language)
    for block in blocks(language):
        assert any(block in text for text in files), f"not in examples/plugin: {block[:80]}"


def test_the_guide_shows_both_ways_whole() -> None:
    for name in ("hello.py", "outbox.py"):
        assert (EXAMPLE / "flowdesk_greet" / name).read_text().strip() in blocks("python")


def test_the_guide_names_every_argument_of_the_decorator() -> None:
    arguments = set(inspect.signature(Steps.action).parameters) - {
        "self",
        "name",
        "params",
        "instant",
        "replies",
        "effect",
    }
    assert [name for name in arguments if f"`{name}`" not in GUIDE] == []
    assert [name for name in ("pure", "idempotent", "once") if f"| `{name}`" not in GUIDE] == []
    fields = set(inspect.signature(StepResult.failure).parameters) - {"error", "data"}
    assert [name for name in fields if name not in GUIDE] == []
