"""Asking for help, and mistyping, costs no heavy import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from flowdesk.cli.root import COMMANDS

HEAVY = {"aiohttp", "asyncio", "pydantic", "ruamel", "textual", "uvloop", "server", "orjson", "platformdirs"}
CODE = """
import json, sys
from flowdesk.cli.root import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def _loaded(*arguments: str) -> set[str]:
    ran = subprocess.run([sys.executable, "-P", "-c", CODE, *arguments], capture_output=True, text=True, timeout=60)
    return set(json.loads(ran.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["completion", "bash"]])
def test_help_needs_click_only(arguments: list[str]) -> None:
    assert _loaded(*arguments) & HEAVY == set()


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"serve"}))
def test_the_help_of_each_command_too(name: str) -> None:
    assert _loaded(name, "--help") & HEAVY == set()


def test_contexts_need_no_web_client() -> None:
    assert _loaded("contexts") & {"aiohttp", "pydantic", "ruamel"} == set()
