from __future__ import annotations

import pytest

from server.doctor import timing


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is watched for a moment only."""
    monkeypatch.setattr(timing, "OVER_S", 0.005)
