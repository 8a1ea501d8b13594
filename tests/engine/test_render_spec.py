"""The official mustache specification, with escaping as it asks for."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from engine.render.compile import compile_text

_FOLDER = Path(__file__).parent / "mustache_spec"
_MODULES = ("comments", "delimiters", "interpolation", "inverted", "sections")
_CASES = [(module, case) for module in _MODULES for case in json.loads((_FOLDER / f"{module}.json").read_text())]


@pytest.mark.parametrize(("module", "case"), _CASES, ids=[f"{module}: {case['case']}" for module, case in _CASES])
def test_specification(module: str, case: dict[str, Any]) -> None:
    template = compile_text(case["template"], roots=frozenset())
    assert template.render({"data": case["data"]}, escape=html.escape) == case["expected"]
