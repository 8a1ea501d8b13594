"""Row 40: no server starts with a signing key that somebody else knows or can guess."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Unusable
from server.environment import load_settings

WEAK = ("secret", "changeme", "x" * 40, "secret" * 8, "changeme-changeme-changeme-changeme")


@pytest.mark.parametrize("key", WEAK)
def test_a_weak_key_is_refused(key: str) -> None:
    """Row 40: short, repeated or well known; the refusal names the setting and the cure, and not the key."""
    with pytest.raises(Unusable) as refused:
        load_settings({"JWT_SECRET": key})
    text = str(refused.value)
    assert "JWT_SECRET" in text
    assert "openssl rand" in text
    assert len(key) < 10 or key not in text


def test_the_server_does_not_start_with_one(tmp_path: Path) -> None:
    """Row 40: nothing is listened on, and nothing is written."""
    env = {**os.environ, "JWT_SECRET": "changeme", "FLOWDESK_DATA_DIR": str(tmp_path / "data"), "PORT": "0"}
    done = subprocess.run([sys.executable, "-P", "-m", "server"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "JWT_SECRET" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "flowdesk.db").exists()
