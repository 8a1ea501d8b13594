"""The example plugin, built and installed for real and used by a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

_LOAD = """
import asyncio, json
from engine.registry import Registry
from plugins.builtins import BUILTINS
from tests.plugins.support import Recorder

registry = Registry()
registry.load(BUILTINS)
hello, send = registry.get("greet.hello"), registry.get("outbox.send")
said = asyncio.run(hello.handler(Recorder(), hello.params.model_validate({"name": "Ali", "language": "de"})))
sent = send.handler(Recorder(), {"to": "ali@example.com", "subject": "Hi", "text": "Hello"})
print(json.dumps({
    "plugins": [
        [p.name, p.source, p.version, list(p.refs), p.error] for p in registry.plugins if p.source != "built in"
    ],
    "said": said.data,
    "sent": sent,
    "sources": [hello.source, send.source],
    "titles": [hello.title, send.title],
    "schema": hello.params.model_json_schema(),
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example plugin in it, put there by pip without any network."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(ROOT / "examples" / "plugin", folder / "source")
    target = folder / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(target), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return target


def python(installed: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), str(ROOT)])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_is_found_loaded_and_runs(installed: Path, tmp_path: Path) -> None:
    done = python(installed, "-c", _LOAD, cwd=tmp_path, GREET_OUTBOX=str(tmp_path / "outbox"))
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["plugins"] == [
        ["greet", "flowdesk-greet", "1.0.0", ["greet.hello"], None],
        ["outbox", "flowdesk-greet", "1.0.0", ["outbox.send"], None],
    ]
    assert told["said"] == {"greeting": "Guten Tag Ali"}
    assert told["sent"] == {"ok": True, "data": {"file": str(tmp_path / "outbox" / "run-1-step-1.eml")}}
    assert (tmp_path / "outbox" / "run-1-step-1.eml").exists()
    assert told["sources"] == ["flowdesk-greet"] * 2
    assert told["titles"] == ["Say hello", "SendMail"]
    assert told["schema"]["properties"]["name"]["description"] == "The name to say."


def test_its_own_tests_pass(installed: Path) -> None:
    source = installed.parent / "source"
    done = python(
        installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=source, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_it_is_complete_and_names_only_the_front_door() -> None:
    folder = ROOT / "examples" / "plugin"
    assert all((folder / name).is_file() for name in ("README.md", "pyproject.toml", "flowdesk_greet/py.typed"))
    for path in folder.rglob("*.py"):
        for forbidden in ("from engine", "import engine", "from plugins", "from server"):
            assert forbidden not in path.read_text(), path
