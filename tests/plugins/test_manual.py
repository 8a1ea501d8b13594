from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.plugins.support import checked, definition


def test_is_a_trigger_of_one_word() -> None:
    manual = definition("manual")
    assert (manual.kind, manual.handler, manual.source) == ("TRIGGER", None, "built in")
    assert checked("manual", {}).sample is None
    assert checked("manual", {"sample": {"name": "Ali"}}).sample == {"name": "Ali"}


def test_takes_nothing_else() -> None:
    refused: list[dict[str, Any]] = [{"sample": [1]}, {"data": {}}]
    for params in refused:
        with pytest.raises(ValidationError):
            checked("manual", params)
