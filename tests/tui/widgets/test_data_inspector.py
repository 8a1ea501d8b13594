"""Looking into a value of any size, without waiting for it."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.selection import Selection
from textual.widgets import Input

from flowdesk.tui.draw.values import SHOWN_CHARS, Path
from flowdesk.tui.widgets.data_inspector import DataInspector
from flowdesk.tui.widgets.value_text import ValueText, wrap
from flowdesk.tui.widgets.value_tree import PAGE, ValueTree
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until

HOSTILE = "\x1b[2J [/red]x[b \u202e\ud800 [@click=app.quit]x[/]"
VALUE: dict[str, Any] = {
    "status": 200,
    "body": {"items": [{"id": n, "name": f"item {n}"} for n in range(3)], "note": "all well"},
    HOSTILE: HOSTILE,
}


class Host(App[None]):
    """An inspector, what it asked for, and how often escape was left to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave")]

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self.inspector = DataInspector(plain=plain)
        self.left = 0
        self.copied: list[tuple[str, str]] = []
        self.saved: list[tuple[str, Any]] = []

    def action_leave(self) -> None:
        self.left += 1

    def compose(self) -> ComposeResult:
        yield self.inspector

    def on_data_inspector_copy(self, event: DataInspector.Copy) -> None:
        self.copied.append((event.text, event.what))

    def on_data_inspector_save_wanted(self, event: DataInspector.SaveWanted) -> None:
        self.saved.append((event.path, event.value))

    @property
    def values(self) -> ValueTree:
        return self.inspector.query_one(ValueTree)

    @property
    def text(self) -> ValueText:
        return self.inspector.query_one(ValueText)

    def standing(self) -> Path:
        return self.inspector.path

    def labels(self) -> list[str]:
        return [str(node.label) for node in self.values.root.children]


@presses("inspector.down", "inspector.up", "inspector.expand", "inspector.collapse")
async def test_the_value_under_the_cursor_is_beside_the_tree() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show(VALUE, "steps.fetch")
        app.inspector.focus()
        await idle(app)
        assert app.labels()[:2] == ["status  200", "body  {2 keys}"]
        assert app.standing() == ()
        await pilot.press("j", "j", "l", "l", "l", "l", "l", "j", "j")
        await idle(app)
        assert app.standing() == ("body", "items", 0, "name")
        assert app.text.rows == ["item 0"]
        await pilot.press("k", "j", "h", "h")
        await idle(app)
        assert app.standing() == ("body", "items", 0)
        await pilot.press("right", "right")
        await idle(app)
        assert app.standing() == ("body", "items", 0, "id")
        await pilot.press("left")
        await idle(app)
        assert app.standing() == ("body", "items", 0)
        assert app.text.rows == ["{", '  "id": 0,', '  "name": "item 0"', "}"]


@presses("inspector.copy", "inspector.copy_path", "inspector.save")
async def test_copying_the_value_and_its_path_and_saving() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show(VALUE, "steps.fetch")
        app.inspector.focus()
        await idle(app)
        await pilot.press("j", "y", "Y", "s", "j", "y", "Y")
        await idle(app)
    assert app.copied[:2] == [
        ("200", "the value of steps.fetch.status"),
        ("{{steps.fetch.status}}", "the path steps.fetch.status"),
    ]
    assert app.copied[3] == ("{{steps.fetch.body}}", "the path steps.fetch.body")
    assert app.copied[2][0].startswith('{\n  "items": [')
    assert app.saved == [("steps.fetch.status", 200)]


async def test_a_text_is_copied_as_it_is() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show("two\nlines")
        app.inspector.focus()
        await idle(app)
        assert app.text.rows == ["two", "lines"]
        await pilot.press("y")
        await idle(app)
    assert app.copied == [("two\nlines", "the value of data")]


async def test_hostile_keys_and_values_are_only_text() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show(VALUE, f"steps.{HOSTILE}")
        app.inspector.focus()
        await idle(app)
        await pilot.press("end")
        await idle(app)
        assert app.standing() == (HOSTILE,)
        assert all(row.isprintable() for row in app.text.rows)
        assert all(label.isprintable() for label in app.labels())
        assert "[/red]x[b" in app.labels()[2]
        await pilot.press("slash")
        app.inspector.query_one(Input).value = "[/red]"
        await pilot.press("enter")
        await idle(app)
        assert app.inspector.found == [(HOSTILE,)]


@presses("inspector.find", "inspector.next", "inspector.previous")
async def test_finding_goes_round() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show(VALUE, "steps.fetch")
        app.inspector.focus()
        await idle(app)
        await pilot.press("slash", *"item", "enter")
        await idle(app)
        assert app.inspector.found == [("body", "items"), *[("body", "items", n, "name") for n in range(3)]]
        assert app.standing() == ("body", "items")
        for key, path in [("n", 0), ("n", 1), ("N", 0)]:
            await pilot.press(key)
            await idle(app)
            assert app.standing() == ("body", "items", path, "name")
        await pilot.press("N", "N")
        await idle(app)
        assert app.standing() == ("body", "items", 2, "name")
        await pilot.press("slash", *"nowhere", "enter")
        await idle(app)
        assert app.inspector.found == []
        await pilot.press("slash")
        assert app.inspector.query_one(Input).has_focus
        await pilot.press("escape")
        assert app.values.has_focus
        assert app.left == 0
        await pilot.press("escape")
        assert app.left == 1


async def test_a_large_list_is_read_in_pages() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.show([f"value {n}" for n in range(100_000)])
        app.inspector.focus()
        await idle(app)
        assert len(app.labels()) == PAGE + 1
        assert app.labels()[-1] == "… 99,800 more"
        await pilot.press("end", "enter")
        await idle(app)
        assert app.standing() == (PAGE,)
        assert len(app.labels()) == 2 * PAGE + 1
        await pilot.press("slash", *"value 98765", "enter")
        await idle(app)
        assert app.standing() == (98_765,)
        assert app.text.rows == ["value 98765"]
        assert len(app.labels()) == 3 * PAGE + 2
        await pilot.press("slash", *"value 500", "enter")
        await idle(app)
        assert app.standing() == (500,)
        keys = [label.split()[0] for label in app.labels() if not label.startswith("…")]
        assert keys == sorted(keys, key=int)
        assert len(keys) == len(set(keys))


async def test_the_tree_in_ascii() -> None:
    app = Host(plain=True)
    async with app.run_test(size=(100, 20)):
        app.inspector.show({"rows": [[1], [2]], "large": list(range(700))})
        app.values.reveal(("large", 650))
        await idle(app)
        drawn = "".join(app.values.render_line(y).text for y in range(app.values.size.height))
        assert app.standing() == ("large", 650)
        assert drawn.isascii()
        assert "... 400 more" in "".join(str(node.label) for node in app.values.root.children[1].children)


async def test_a_document_of_ten_megabytes_opens_at_once() -> None:
    value = {"rows": [{"number": n, "text": "x" * 80} for n in range(100_000)]}
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.inspector.focus()
        begin = time.perf_counter()
        app.inspector.show(value)
        assert time.perf_counter() - begin < 0.1
        await idle(app)
        assert app.text.cut
        assert f"{SHOWN_CHARS:,}" in app.text.rows[-1]
        await pilot.press("j", "l", "j", "y")
        await idle(app)
        assert app.standing() == ("rows", 0)
        assert not app.text.cut


async def test_a_long_text_that_is_late_does_not_take_the_place_of_a_newer_one() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)):
        app.inspector.show("\u65e5" * 500_000)
        await asyncio.sleep(0)  # let it begin
        app.inspector.show("short")
        await idle(app)
        assert app.text.rows == ["short"]


async def test_resizing_wraps_again_and_moves_the_text_below() -> None:
    app = Host()
    async with app.run_test(size=(120, 20)) as pilot:
        app.inspector.show("word " * 100)
        await idle(app)
        wide = len(app.text.rows)
        assert app.text.region.x > app.values.region.x
        await pilot.resize_terminal(40, 20)
        await idle(app)
        await until(lambda: len(app.text.rows) > wide, "the text to be wrapped again")
        assert app.text.region.y > app.values.region.y
        room = app.text.scrollable_content_region
        assert {app.text.render_line(y).cell_length for y in range(room.height)} == {room.width}


async def test_a_part_of_the_text_can_be_selected() -> None:
    app = Host()
    async with app.run_test(size=(100, 20)):
        app.inspector.show("first line\nsecond line\nthird line")
        await idle(app)
        assert app.text.get_selection(Selection(Offset(6, 0), Offset(6, 1))) == ("line\nsecond", "\n")
        assert app.text.get_selection(Selection(None, None)) == ("first line\nsecond line\nthird line", "\n")


@pytest.mark.parametrize("text", ["日本" * 30, "\x1b" * 50, "e\u0301" * 40, "\ud800" * 9, "", "\n\n", "a" * 100])
def test_every_line_fits(text: str) -> None:
    rows, cut = wrap(text, 20)
    assert not cut
    assert all(cell_len(row) <= 20 and row.isprintable() for row in rows)
    assert rows


async def test_the_last_value_given_is_the_one_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it comes in the moment before Textual says that the inspector is mounted, and the tree is late."""
    host = Host()
    async with host.run_test():
        await idle(host)
        host.inspector.show(None, "before")
        before = host.inspector.query_one(ValueTree).chosen
        assert before is not None
        monkeypatch.setattr(DataInspector, "is_mounted", False)
        host.inspector.show(VALUE, "data")
        tree = host.inspector.query_one(ValueTree)
        tree.post_message(ValueTree.Chosen(tree, before))
        await idle(host)
        assert host.inspector.query_one(ValueText).rows[0] == "{"
        assert tree.chosen is not None
        assert tree.chosen.value is VALUE
