"""A JSON value as a tree that reads only what is opened, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from flowdesk.tui import keys
from flowdesk.tui.draw.values import Path, is_container, items, label

PAGE: Final = 200
"""So many children of one value are read at once."""
_MOVES: Final = frozenset({"inspector.down", "inspector.up", "inspector.expand", "inspector.collapse"})


@dataclass(slots=True, frozen=True)
class Entry:
    """A value at its path below the root, by position; `more` stands for the children from there up to `stop`."""

    path: Path
    value: Any
    more: range | None = None


class ValueTree(Tree[Entry]):
    """The tree. Its cursor is always on a value or on the rest of a page, which enter reads."""

    BINDINGS: ClassVar[list[BindingType]] = [b for b in keys.bindings("inspector") if b.id in _MOVES]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "value--key",
        "value--text",
        "value--number",
        "value--word",
        "value--container",
    }
    DEFAULT_CSS = """
    ValueTree {
        background: $background;
        & > .value--key { color: $text-primary; }
        & > .value--text { color: $text-success; }
        & > .value--number { color: $text-accent; }
        & > .value--word { color: $text-warning; }
        & > .value--container { color: $foreground-darken-2; }
    }
    """

    class Chosen(Message):
        """The cursor came to a value."""

        def __init__(self, tree: ValueTree, entry: Entry) -> None:
            super().__init__()
            self.tree = tree
            self.entry = entry

        @property
        def control(self) -> ValueTree:
            """Who says it."""
            return self.tree

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(Text(" "), Entry((), None), id=id, classes=classes)
        self.auto_expand = False
        self.guide_depth = 2
        self._more = "..." if plain else "…"
        if plain:
            self.show_guides = False
            self.ICON_NODE, self.ICON_NODE_EXPANDED = "> ", "v "

    @property
    def chosen(self) -> Entry | None:
        """The value under the cursor; None on the rest of a page."""
        entry = self.cursor_node.data if self.cursor_node is not None else None
        return entry if entry is not None and entry.more is None else None

    def show(self, name: str, value: Any) -> None:
        """Show another value; its first level is open."""
        self.reset(label(name, value, self._styles()), Entry((), value))
        self.root.allow_expand = is_container(value)
        if is_container(value):
            self._fill(self.root)
            self.root.expand()
        self.move_cursor(self.root)

    def reveal(self, path: Path) -> None:
        """Open everything on the way to a path and put the cursor there."""
        node = self.root
        for depth in range(len(path)):
            self._fill(node)
            node.expand()
            node = self._child(node, path[: depth + 1])
        # Where a new node is drawn is known after the next refresh.
        self.call_after_refresh(self.move_cursor, node)

    def action_inspector_down(self) -> None:
        """The next line."""
        self.action_cursor_down()

    def action_inspector_up(self) -> None:
        """The line before."""
        self.action_cursor_up()

    def action_inspector_expand(self) -> None:
        """Open what is under the cursor; go into it when it is open."""
        node = self.cursor_node
        if node is None or node.data is None:
            return
        if node.data.more is not None:
            self._read_on(node)
        elif node.allow_expand and not node.is_expanded:
            node.expand()
        elif node.allow_expand:
            self.action_cursor_down()

    def action_inspector_collapse(self) -> None:
        """Close what is under the cursor; go to what holds it when there is nothing to close."""
        node = self.cursor_node
        if node is not None and node.allow_expand and node.is_expanded and not node.is_root:
            node.collapse()
        else:
            self.action_cursor_parent()

    @on(Tree.NodeExpanded)
    def _opened(self, event: Tree.NodeExpanded[Entry]) -> None:
        event.stop()
        self._fill(event.node)

    @on(Tree.NodeHighlighted)
    def _came_to(self, event: Tree.NodeHighlighted[Entry]) -> None:
        event.stop()
        entry = event.node.data
        if entry is not None and entry.more is None:
            self.post_message(self.Chosen(self, entry))

    @on(Tree.NodeSelected)
    def _entered(self, event: Tree.NodeSelected[Entry]) -> None:
        event.stop()
        node = event.node
        if node.data is not None and node.data.more is not None:
            self._read_on(node)
        elif node.allow_expand:
            node.toggle()

    def _fill(self, node: TreeNode[Entry]) -> None:
        """Read the first page of a value that was never opened."""
        if node.data is not None and not node.children and is_container(node.data.value):
            self._page(node, range(len(node.data.value)), before=None)

    def _read_on(self, rest: TreeNode[Entry]) -> None:
        """Put the next page in place of the line that stands for it, and the cursor on its first value."""
        parent, entry = rest.parent, rest.data
        if parent is None or entry is None or entry.more is None:
            return
        first = self._page(parent, entry.more, before=rest)
        rest.remove()
        self.call_after_refresh(self.move_cursor, first)

    def _page(self, parent: TreeNode[Entry], numbers: range, before: TreeNode[Entry] | None) -> TreeNode[Entry]:
        """Add a page of children from the numbers, and a line for the rest of them."""
        assert parent.data is not None  # noqa: S101 - every node is made with data
        value, path, styles = parent.data.value, parent.data.path, self._styles()
        shown = numbers[:PAGE]
        added = [
            parent.add(
                label(key, inside, styles),
                Entry((*path, key), inside),
                before=before,
                allow_expand=is_container(inside),
            )
            for key, inside in items(value, shown.start, shown.stop)
        ]
        self._rest(parent, numbers[PAGE:], before)
        return added[0]

    def _rest(self, parent: TreeNode[Entry], numbers: range, before: TreeNode[Entry] | None) -> None:
        if numbers:
            text = Text(f"{self._more} {len(numbers):,} more", style="italic")
            parent.add(text, Entry(_entry(parent).path, None, numbers), before=before, allow_expand=False)

    def _child(self, parent: TreeNode[Entry], path: Path) -> TreeNode[Entry]:
        """The node of a direct child, its page read when it is not there yet."""
        found = _find(parent.children, path)
        if found is not None:
            return found
        number = next(place for place, (key, _) in enumerate(items(_entry(parent).value)) if key == path[-1])
        rest, numbers = next(
            (node, more) for node in parent.children if (more := _entry(node).more) is not None and number in more
        )
        start = numbers.start + (number - numbers.start) // PAGE * PAGE
        self._rest(parent, range(numbers.start, start), before=rest)
        first = self._page(parent, range(start, numbers.stop), before=rest)
        rest.remove()
        return _find(parent.children, path) or first

    def _styles(self) -> dict[str, Any]:
        names = ("key", "text", "number", "word", "container")
        return {name: self.get_component_rich_style(f"value--{name}", partial=True) for name in names}


def _entry(node: TreeNode[Entry]) -> Entry:
    if node.data is None:
        raise RuntimeError("every node of this tree is made with an entry")
    return node.data


def _find(nodes: Iterable[TreeNode[Entry]], path: Path) -> TreeNode[Entry] | None:
    return next((node for node in nodes if _entry(node).more is None and _entry(node).path == path), None)
