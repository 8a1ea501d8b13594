"""The front door for third parties."""

from __future__ import annotations

import subprocess
import sys

import engine.sdk
import flowdesk.sdk


def test_has_every_name_of_the_sdk_and_nothing_else() -> None:
    assert flowdesk.sdk.__all__ == engine.sdk.__all__
    for name in engine.sdk.__all__:
        assert getattr(flowdesk.sdk, name) is getattr(engine.sdk, name)


def test_importing_it_brings_no_server_and_no_screens() -> None:
    code = (
        "import sys, flowdesk.sdk; print([m for m in ('aiohttp', 'textual', 'server', 'plugins') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
