"""Which part of the house may import which, and what an import costs."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, clean_environment, name_of, nodes, python, python_files

WEB = {"aiohttp", "uvloop"}
SERVER_ONLY = {"taskiq", "taskiq_redis", "redis", "aiocron", "jwt", "bcrypt"}
DRIVERS = {"motor", "pymongo", "bson"}

_ALL_OF = """
import importlib, json, pkgutil, sys
package = importlib.import_module({package!r})
for found in pkgutil.walk_packages(package.__path__, {package!r} + "."):
    # The MongoDB store is the one place that may load its driver, and nothing else may load that store.
    if not found.name.endswith("__main__") and not found.name.startswith("engine.stores.mongo."):
        importlib.import_module(found.name)
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""

_COMMAND = """
import json, sys
sys.argv = ["flowdesk", *{arguments!r}]
from flowdesk.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print()
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""


def _contracts(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=directory,
        env=clean_environment(PYTHONPATH=str(directory)),
    )


def test_import_contracts_hold() -> None:
    checked = _contracts(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("engine/clock.py", "import aiohttp", "the engine stands alone"),
        ("plugins/core.py", "import engine.store", "plugins know engine.sdk"),
        ("flowdesk/clean.py", "import server.settings", "screens and commands share only"),
        ("flowdesk/clean.py", "import engine.registry", "screens and commands share only"),
        ("server/keys.py", "import pymongo", "the MongoDB driver stays"),
    ],
)
def test_import_contracts_notice_a_wrong_import(module: str, line: str, contract: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / module
    changed.write_text(f"{changed.read_text()}\n{line}\n")
    checked = _contracts(tmp_path)
    assert checked.returncode == 1
    assert any(contract in row and "BROKEN" in row for row in checked.stdout.splitlines()), checked.stdout


def test_the_network_is_reached_in_one_place() -> None:
    """What commands and screens know of HTTP is the client; only the page of `flowdesk web` answers requests itself."""
    found = {
        name_of(path)
        for path in python_files("flowdesk")
        for node in nodes(path)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "aiohttp" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "aiohttp")
    }
    assert found == {"flowdesk/client_http.py", "flowdesk/tui/web.py", "flowdesk/tui/web_door.py"}


def _loaded(ran: subprocess.CompletedProcess[str]) -> set[str]:
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("engine", {"flowdesk", "server", "plugins", "textual", *WEB, *SERVER_ONLY, *DRIVERS}),
        ("plugins", {"flowdesk", "server", "textual", *SERVER_ONLY, *DRIVERS}),
        ("flowdesk", {"server", "plugins", *SERVER_ONLY, *DRIVERS}),
        ("server", {"flowdesk", "textual"}),
    ],
)
def test_a_package_pulls_in_nothing_it_may_not(package: str, forbidden: set[str]) -> None:
    """Every module of the package is imported in a fresh process; late and indirect imports count too.

    Only the MongoDB store may load its drivers, and nobody loads that store who does not use it.
    """
    loaded = _loaded(python(_ALL_OF.format(package=package)))
    assert package in loaded
    assert loaded & forbidden == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_stays_light(arguments: list[str]) -> None:
    loaded = _loaded(python(_COMMAND.format(arguments=arguments)))
    assert loaded & {"textual", "aiohttp", "server", "pydantic", "ruamel", "uvloop", "asyncio"} == set()


@pytest.mark.parametrize(
    ("code", "budget_s"),
    [
        ("import engine.sdk", 1.5),
        (_COMMAND.format(arguments=["--help"]), 1.0),
    ],
)
def test_import_cost(code: str, budget_s: float) -> None:
    """Budgets are several times what a quiet machine needs; they catch a heavy import, not a busy moment."""
    timed = f"import time\nbegun = time.process_time()\n{code}\nprint()\nprint(time.process_time() - begun)"
    costs = []
    for _ in range(3):
        ran = python(timed)
        assert ran.returncode == 0, ran.stderr
        costs.append(float(ran.stdout.splitlines()[-1]))
    assert min(costs) < budget_s
