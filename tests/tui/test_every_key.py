"""Every key there is has a test that presses it and looks at what it did."""

from __future__ import annotations

import pytest

from flowdesk.tui import keys
from tests.tui.pressing import claimed, every_key, meant, presses
from tests.tui.world import World


def test_no_key_is_without_a_test() -> None:
    missing = every_key() - set(claimed("tests.tui"))
    assert sorted(missing) == [], "mark a test that presses these, and looks at what they did, with @presses"


def test_all_keys_of_the_table_and_of_dialogs_are_asked_for() -> None:
    """Else the test above would be content with anything."""
    assert len(every_key()) > sum(len(act.keys.split(",")) for act in keys.acts().values())
    assert {"run.cancel/c", "editor.run/f5", "ConfirmModal/y", "PaletteModal/ctrl+n"} <= every_key()
    assert meant("editor.run") == {"editor.run/r", "editor.run/f5", "editor.run/ctrl+enter"}
    with pytest.raises(AssertionError, match="neither in the key table"):
        meant("run.destroy")


@presses("list.down/j", "list.mark")
async def test_what_a_key_did_is_noted_and_a_letter_that_is_typed_is_not(
    world: World, request: pytest.FixtureRequest
) -> None:
    pressed = request.getfixturevalue("_pressed")
    async with world.shown("workflows") as (_app, pilot):
        await pilot.press("j", "space")
        assert pressed.keys == {"list.down/j", "list.mark/space"}
        await pilot.press("slash", "k")
        assert "list.filter/slash" in pressed.keys
        assert "list.up/k" not in pressed.keys
