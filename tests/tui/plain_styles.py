"""What Textual itself makes of the styles of a screen, to hold against what `QuickStylesheet` made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode


def differences(app: App[Any]) -> Iterator[str]:
    """The nodes of the screen shown, and parts of them, that Textual would style in another way."""
    plain = Stylesheet(variables=app.get_css_variables())
    plain.source = app.stylesheet.source.copy()
    plain.parse()
    for node in [app, *app.screen.walk_children(with_self=True)]:
        found = _styles(node)
        plain.apply(node)
        yield from (
            f"{node} {part}: {found[part]} != {rules}" for part, rules in _styles(node).items() if found[part] != rules
        )


def _styles(node: DOMNode) -> dict[str, dict[str, Any]]:
    parts = {name: dict(styles.base._rules) for name, styles in node._component_styles.items()}
    return {"": dict(node.styles.base._rules), **parts}
