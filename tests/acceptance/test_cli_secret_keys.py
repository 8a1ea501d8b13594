"""The key that seals secrets, from the command line: changed beside a running server and without one, and lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.acceptance.command import WITHIN_S, Ended, Home, serving

CANARY = "c4nary-of-the-key-tests"


def _server(home: Home, *arguments: str) -> Ended:
    program = Path(sys.executable).with_name("flowdesk-server")
    ran = subprocess.run(
        [program, *arguments], capture_output=True, timeout=WITHIN_S, cwd=home.work, env=home.environment()
    )
    return Ended(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def test_a_key_is_changed_and_lost(home: Home) -> None:
    """Row 51: nothing is sealed with the old key any more, and a lost key is named, not worked around."""
    key = home.data / "secrets.key"
    with serving(home):
        kept = home.flowdesk("secrets", "set", "TOKEN", "--value-stdin", stdin=CANARY)
        assert kept.code == 0, kept.err
        first = key.read_text()
        changed = home.flowdesk("secrets", "rotate-key", "--json")
        assert (changed.code, changed.json["sealed"]) == (0, 1)
        beside = _server(home, "secrets", "rotate-key", "--drop-old")
        assert beside.code == 0, beside.err
        assert "sealed 1 secrets anew" in beside.out
        assert "forgot 2 old keys" in beside.out
        assert _server(home, "secrets", "discard", "--yes").code != 0
    alone = _server(home, "secrets", "rotate-key")
    assert (alone.code, "sealed 1 secrets anew" in alone.out) == (0, True), alone.err
    newest = key.read_text()
    key.write_text(first)
    key.chmod(0o600)
    unopened = _server(home, "secrets", "rotate-key")
    assert "no key here opens it: TOKEN" in unopened.err
    refused = _server(home, "--port", "0")
    assert (refused.code != 0, "sealed with the key" in refused.err) == (True, True)
    key.write_text(newest)
    assert "every secret opens" in _server(home, "secrets", "discard", "--yes").out
    key.unlink()
    lost = _server(home, "secrets", "discard", "--yes")
    assert (lost.code, lost.out) == (0, "removed TOKEN\n"), lost.err
    assert CANARY not in "".join(ran.out + ran.err for ran in (kept, changed, beside, alone, unopened, refused, lost))
