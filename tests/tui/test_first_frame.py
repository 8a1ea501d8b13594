"""The first frame waits for nothing it does not need."""

from __future__ import annotations

import json

import pytest

from tests.house.tree import python

HEAVY = {"aiohttp", "pydantic", "ruamel", "termaid", "tree_sitter", "jinja2", "server", "jsonschema"}
_LOADED = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


@pytest.mark.parametrize("module", ["flowdesk.tui.run", "flowdesk.tui.app", "flowdesk.tui.screens.start"])
def test_what_is_imported_before_it_is_light(module: str) -> None:
    ran = python(f"import {module}\n{_LOADED}")
    assert ran.returncode == 0, ran.stderr
    loaded = set(json.loads(ran.stdout))
    assert "flowdesk" in loaded
    assert loaded & HEAVY == set()
