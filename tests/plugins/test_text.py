from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.plugins.support import checked, run


@pytest.mark.parametrize(("rendered", "text"), [("Dear Ali", "Dear Ali"), (5, "5"), (None, ""), ([1], "[1]")])
async def test_puts_the_rendered_text_under_its_key(rendered: Any, text: str) -> None:
    assert (await run("text.template", {"template": rendered})).data == {"text": text}
    assert (await run("text.template", {"template": rendered, "as": "letter"})).data == {"letter": text}


@pytest.mark.parametrize("params", [{}, {"template": "a", "as": "1a"}, {"template": "a", "as": ""}, {"text": "a"}])
def test_refuses_at_save(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked("text.template", params)
