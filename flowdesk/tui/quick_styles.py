"""Textual's stylesheet, told to compute nothing twice: a quarter of what a screen costs went into matching styles.

What comes out is what Textual makes of the same rules; tests compare them on every screen and dialog.

* Each kind of widget is held against the rules that may fit it, not against all of them.
* Styles that came out as they were are left alone. Textual means to do that too, but what it compares is never equal.
* What the parts of a widget look like, such as the cursor of an input, is remembered for everything it depends on.
"""

from __future__ import annotations

from typing import Any, Final

from textual.css.model import RuleSet, SelectorType
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

PARTS_KEPT: Final = 4096
"""How many parts of widgets, in all the states they were in, are remembered."""
Looks = tuple[Any, ...]


class QuickStylesheet(Stylesheet):
    """A stylesheet that remembers, until it is parsed again."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._narrowed: list[RuleSet] | None = None
        self._remembered_for: dict[str, list[RuleSet]] | None = None
        self._fitting: dict[frozenset[str], list[RuleSet]] = {}
        self._parts: dict[tuple[str, Looks], RulesMap] = {}
        self._ids: frozenset[str] = frozenset()
        self._states: tuple[str, ...] = ()

    @property
    def rules(self) -> list[RuleSet]:
        """All rules; within `apply` those that may fit its node, for the one time that it asks."""
        narrowed, self._narrowed = self._narrowed, None
        return super().rules if narrowed is None else narrowed

    def apply(self, node: DOMNode, *, animate: bool = False, cache: dict[Looks, RulesMap] | None = None) -> None:
        """Give the node its styles."""
        by_name = self._fresh()
        names = frozenset(by_name.keys() & node._selector_names)
        fitting = self._fitting.get(names)
        if fitting is None:
            wanted = {rule for name in names for rule in by_name[name]}
            fitting = self._fitting[names] = [rule for rule in self.rules if rule in wanted]
        self._narrowed = fitting
        super().apply(node, animate=animate, cache=cache)

    @classmethod
    def replace_rules(cls, node: DOMNode, rules: RulesMap, animate: bool = False) -> None:
        """Set what is different. What is told even so: the colours of a node also depend on those behind it."""
        if node.styles.base._rules == rules:
            node.notify_style_update()
        else:
            super().replace_rules(node, rules, animate=animate)

    def _process_component_classes(self, node: DOMNode) -> None:
        """Style the parts of a widget, each by a node that stands for it, and draw the widget again if they changed."""
        parts = node._get_component_classes()
        if not parts:
            return
        before = node._component_styles.copy()
        node._component_styles.clear()
        looks = self._looks(node)
        changed = False
        for part in sorted(parts):
            stand_in = DOMNode(classes=part)
            stand_in._attach(node)
            self._style_part(stand_in, (part, looks))
            changed = changed or before.get(part) != stand_in.styles
            node._component_styles[part] = stand_in.styles
        if changed:
            node.refresh()

    def _style_part(self, stand_in: DOMNode, key: tuple[str, Looks]) -> None:
        rules = self._parts.get(key)
        if rules is not None:
            stand_in.styles.base.merge_rules(rules)
            return
        self.apply(stand_in)
        if len(self._parts) >= PARTS_KEPT:
            self._parts.clear()
        self._parts[key] = stand_in.styles.base.get_rules()

    def _looks(self, node: DOMNode) -> Looks:
        """All that a rule can ask of a node and of those it lies in."""
        self._fresh()
        ids, states = self._ids, self._states
        return tuple(
            (
                type(inner),
                inner._id if inner._id in ids else None,
                frozenset(inner._classes),
                tuple(name for name in states if inner.has_pseudo_class(name)),
            )
            for inner in node.css_path_nodes
        )

    def _fresh(self) -> dict[str, list[RuleSet]]:
        """The rules by the names they are found by; what is remembered of other rules is forgotten."""
        by_name = self.rules_map
        if by_name is not self._remembered_for:
            self._remembered_for = by_name
            self._fitting.clear()
            self._parts.clear()
            all_rules = self.rules
            selectors = [one for rule in all_rules for found in rule.selector_set for one in found.selectors]
            self._ids = frozenset(one.name for one in selectors if one.type is SelectorType.ID)
            self._states = tuple(sorted({name for one in selectors for name in one.pseudo_classes}))
        return by_name
