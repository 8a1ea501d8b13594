"""The table of keys: every row does something, no key is given twice where both are live, no terminal swallows one."""

from __future__ import annotations

import inspect
import itertools
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode

import flowdesk.tui
from flowdesk.tui import keys
from flowdesk.tui.app import FlowDeskApp

# Where the one nearer to the cursor is meant to win, and what it then does instead of the other.
MEANT = {
    # `n` goes to what the log was searched for, which is the next error when there was no search.
    ("log.next", "run.next_error"),
    # In the run view `o` shows or hides the map; on the map it turns it, which says the same thing there.
    ("map.flip", "run.map"),
    # Copying is about what the cursor is in: the line, the value, else the run.
    ("log.copy", "run.markdown"),
    ("inspector.copy", "run.markdown"),
    ("inspector.next", "run.next_error"),
    # In a field ctrl+e hands over that field, elsewhere the whole workflow.
    ("form.editor", "editor.external"),
    # Escape leaves the innermost thing first.
    ("form.leave", "editor.leave"),
    ("source.leave", "editor.leave"),
}


def _nodes() -> Iterator[type[DOMNode]]:
    """Every widget, screen and application of the terminal UI."""
    for found in pkgutil.walk_packages(flowdesk.tui.__path__, "flowdesk.tui."):
        for _name, kind in inspect.getmembers(import_module(found.name), inspect.isclass):
            if issubclass(kind, DOMNode) and kind.__module__ == found.name:
                yield kind


def _bound(kind: type[DOMNode]) -> set[str]:
    """The rows of the table that this class binds, or inherits."""
    every = [entry for base in kind.__mro__ for entry in vars(base).get("BINDINGS", []) if isinstance(entry, Binding)]
    return {entry.id for entry in every if entry.id in keys.acts()}


def _leaves() -> list[type[DOMNode]]:
    """The classes that are made, not those that others only build on."""
    every = list(_nodes())
    return [kind for kind in every if not any(other is not kind and issubclass(other, kind) for other in every)]


def _keys(act: keys.Act) -> set[str]:
    return {key.strip() for key in act.keys.split(",")}


def test_every_row_has_an_id_of_its_own_and_says_what_it_does() -> None:
    rows = [act for table in keys.SCOPES.values() for act in table]
    assert len({act.id for act in rows}) == len(rows)
    assert [act.id for act in rows if not act.title or not act.group or not _keys(act)] == []
    assert [act.id for act in rows if act.id.count(".") != 1 or act.id != act.id.lower()] == []


def test_no_row_has_a_key_that_terminals_report_as_another() -> None:
    assert [act.id for act in keys.acts().values() if _keys(act) & keys.NEVER] == []


def test_who_binds_a_row_can_do_it() -> None:
    missing = {
        f"{kind.__name__} has no action_{keys.acts()[act_id].action}"
        for kind in _leaves()
        for act_id in _bound(kind)
        if not callable(getattr(kind, f"action_{keys.acts()[act_id].action}", None))
    }
    assert missing == set()


def test_every_scope_is_bound_by_somebody() -> None:
    bound = set().union(*(_bound(kind) for kind in _nodes()))
    assert sorted(set(keys.acts()) - bound) == []


def test_every_other_binding_is_one_that_no_help_needs_to_name() -> None:
    """A binding outside the table cannot be changed by its user and is in no help: only dialogs name theirs."""
    loose = {
        f"{kind.__name__}: {entry.key}"
        for kind in _nodes()
        for entry in vars(kind).get("BINDINGS", [])
        if isinstance(entry, Binding) and not entry.id and entry.show and not issubclass(kind, App)
    }
    assert {name for name in loose if not name.split(":")[0].endswith("Modal")} == {"RunInput: enter"}


def test_no_key_is_given_twice_in_one_scope() -> None:
    twice = [
        (one.id, other.id)
        for table in keys.SCOPES.values()
        for one, other in itertools.combinations(table, 2)
        if _keys(one) & _keys(other)
    ]
    assert twice == []


@pytest.mark.parametrize("scope", sorted(keys.LIVE_WITH))
def test_a_widget_takes_no_key_of_its_screen_unless_meant(scope: str) -> None:
    clashes = {
        (one.id, other.id)
        for beside in keys.LIVE_WITH[scope]
        for one in keys.SCOPES[scope]
        for other in keys.SCOPES[beside]
        if _keys(one) & _keys(other)
    }
    assert clashes - MEANT == set()


def test_what_is_meant_is_still_so() -> None:
    table = keys.acts()
    assert [pair for pair in MEANT if not _keys(table[pair[0]]) & _keys(table[pair[1]])] == []


def test_quitting_is_bound_in_every_dialog() -> None:
    quitting = next(b for b in FlowDeskApp.BINDINGS if isinstance(b, Binding) and b.id == "app.quit")
    assert quitting.priority


def test_every_act_is_documented_by_its_method() -> None:
    silent = {
        f"{kind.__name__}.{method.__name__}"
        for kind in _leaves()
        for act_id in _bound(kind)
        if (method := getattr(kind, f"action_{keys.acts()[act_id].action}", None)) and not inspect.getdoc(method)
    }
    assert silent == set()
