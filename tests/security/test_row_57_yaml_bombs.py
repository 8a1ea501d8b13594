"""Row 57: a workflow file is plain data, whatever it says, and cannot grow beyond what was read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from flowdesk.cli.root import root

LAUGHS = "\n".join(
    ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
)
FILES = {
    "billion laughs": LAUGHS,
    "python object": "name: !!python/object/apply:os.system ['touch {owned}']\nsteps: []\n",
    "python name": "name: !!python/name:os.system\nsteps: []\n",
    "own tag": "name: !evil x\nsteps: []\n",
    "brackets": "a: " + "[" * 10_000,
    "recursion": "a: &a [*a]",
    "two documents": "name: a\n---\nname: b\n",
    "merge": "a: &a {x: 1}\nb: {<<: [" + ", ".join(["*a"] * 10_000) + "]}",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """Row 57: with a problem that says where, in a moment, and with nothing done."""
    owned, path = tmp_path / "owned", tmp_path / "flow.yaml"
    path.write_text(FILES[kind].replace("{owned}", str(owned)))
    began = time.process_time()
    told = CliRunner().invoke(root, ["validate", str(path)], env={"FLOWDESK_CONFIG_DIR": str(tmp_path / "config")})
    assert time.process_time() - began < 5
    assert told.exit_code not in (0, None)
    assert told.exception is None or isinstance(told.exception, SystemExit)
    assert "Traceback" not in told.output
    assert not owned.exists()
