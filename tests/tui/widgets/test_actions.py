"""Every key of these widgets does something, and each is one of the table."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.widget import Widget

from flowdesk.tui.keys import acts
from flowdesk.tui.widgets.data_inspector import DataInspector
from flowdesk.tui.widgets.flow_map import FlowMap
from flowdesk.tui.widgets.flow_view import FlowView
from flowdesk.tui.widgets.step_list import StepList
from flowdesk.tui.widgets.step_rails import StepRails
from flowdesk.tui.widgets.value_tree import ValueTree

WIDGETS = (DataInspector, FlowMap, FlowView, StepList, StepRails, ValueTree)


def bound(widget: type[Widget]) -> list[Binding]:
    """Its bindings from the table, its base classes' included."""
    own = [binding for base in widget.__mro__ for binding in vars(base).get("BINDINGS", [])]
    return [binding for binding in own if isinstance(binding, Binding) and binding.id in acts()]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget.__name__)
def test_every_key_has_its_action(widget: type[Widget]) -> None:
    assert bound(widget)
    assert [binding.id for binding in bound(widget) if not hasattr(widget, f"action_{binding.action}")] == []


def test_every_row_of_their_scopes_is_bound_somewhere() -> None:
    used = {binding.id for widget in WIDGETS for binding in bound(widget)}
    wanted = {name for name in acts() if name.split(".")[0] in ("map", "steps", "inspector")}
    assert wanted <= used


@pytest.mark.parametrize("widget", [DataInspector, FlowMap, StepList, StepRails], ids=lambda widget: widget.__name__)
def test_they_tell_what_they_are(widget: type[Widget]) -> None:
    assert (widget.HELP or "").startswith("## ")
