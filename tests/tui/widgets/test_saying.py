"""A text that is there already is not shown again."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.content import Content
from textual.widgets import Static

from flowdesk.tui.widgets.saying import say

RED = Content.assemble(("no", "red"))


@pytest.mark.parametrize(
    ("there", "told", "shown"),
    [
        ("", "", []),
        ("no", "no", []),
        ("no", "yes", ["yes"]),
        (RED, Content.assemble(("no", "red")), []),
        (RED, Content.assemble(("no", "green")), [Content.assemble(("no", "green"))]),
        (RED, Content("yes"), [Content("yes")]),
        ("no", RED, [RED]),
        (RED, "no", ["no"]),
    ],
)
def test_only_another_text_is_shown(
    there: Content | str, told: Content | str, shown: list[Content | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    static = Static(there)
    updates: list[Content | str] = []
    monkeypatch.setattr(static, "update", updates.append)
    say(static, told)
    assert updates == shown


async def test_it_is_on_the_screen() -> None:
    app: App[None] = App()
    async with app.run_test():
        static = Static("before")
        await app.mount(static)
        say(static, RED)
        assert str(static.render()) == "no"
