"""Which keys a test presses: what it claims with `@presses`, and what the terminal UI really acted on.

A key is one of a row of the key table, `run.cancel/c`, or one that a dialog binds for itself, `ConfirmModal/y`.
`test_every_key` fails for a key that no test claims; a test that claims one and does not press it fails by itself.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any, Final

import pytest
from textual.app import App
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode

import flowdesk.tui
from flowdesk.tui import keys

OURS: Final = flowdesk.tui.__name__ + "."
Claims = pytest.MarkDecorator


def presses(*wanted: str) -> Claims:
    """Mark a test that presses these and looks at what they do: `run.cancel` means all its keys, `run.cancel/c` one."""
    return pytest.mark.presses(*wanted)


@cache
def every_key() -> frozenset[str]:
    """Each key of the table, and each that a screen, dialog or widget binds beside it."""
    table = {f"{act.id}/{key}" for act in keys.acts().values() for key in act.keys.split(",")}
    return frozenset(table | {_name(node, bound) for node in classes() for bound in _own(node)})


def meant(wanted: str) -> set[str]:
    """The keys that a word of a mark stands for."""
    found = {name for name in every_key() if wanted in (name, name.partition("/")[0])}
    assert found, f"{wanted} is neither in the key table nor bound by a dialog"
    return found


def claimed(tests: str) -> Iterator[str]:
    """The keys that are claimed by the tests of this package, wherever they are written."""
    for module in _modules(tests):
        for test in vars(module).values():
            if callable(test) and getattr(test, "__name__", "").startswith("test_"):
                for mark in _marks(test):
                    for wanted in mark.args:
                        yield from meant(wanted)


THROUGH = {"EditorScreen/ctrl+e": ("form.editor/ctrl+e", "editor.external/ctrl+e")}
"""Bindings of a screen that stand before those of the table, with the same key, and do what they would."""


class Pressed:
    """What the terminal UI did because of a key, in one test."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.keys: set[str] = set()
        self._now: list[str] = []
        check, run = App._check_bindings, App.run_action

        async def checked(app: App[Any], key: str, priority: bool = False) -> bool:
            self._now.append(key)
            try:
                return await check(app, key, priority)
            finally:
                self._now.pop()

        async def ran(app: App[Any], action: Any, default_namespace: DOMNode | None = None, *more: Any) -> bool:
            done = await run(app, action, default_namespace, *more)
            if done and self._now and default_namespace is not None:
                self._note(self._now[-1], action, default_namespace)
            return done

        patch.setattr(App, "_check_bindings", checked)
        patch.setattr(App, "run_action", ran)

    def _note(self, key: str, action: object, node: DOMNode) -> None:
        for bound in node._bindings.key_to_bindings.get(key, ()):
            if bound.action == action:
                if bound.id in keys.acts():
                    self.keys.add(f"{bound.id}/{key}")
                else:
                    own = [_name(kind, bound) for kind in type(node).__mro__ if bound in _own(kind)]
                    self.keys.update(own, *(THROUGH.get(name, ()) for name in own))


def _name(kind: type[Any], bound: Binding) -> str:
    return f"{kind.__name__}/{bound.key}"


def _own(kind: type[Any]) -> list[Binding]:
    """What this class itself binds, apart from the table."""
    if not kind.__module__.startswith(OURS):
        return []
    given = BindingsMap(vars(kind).get("BINDINGS", ()))
    return [bound for found in given.key_to_bindings.values() for bound in found if bound.id not in keys.acts()]


def classes() -> list[type[Any]]:
    """Every screen, widget and application of the terminal UI."""
    for found in pkgutil.walk_packages(flowdesk.tui.__path__, OURS):
        import_module(found.name)
    return [kind for kind in _below(DOMNode) if kind.__module__.startswith(OURS)]


def _below(kind: type[Any]) -> set[type[Any]]:
    return {kind}.union(*map(_below, kind.__subclasses__()))


def _modules(tests: str) -> list[Any]:
    package = import_module(tests)
    return [
        import_module(found.name)
        for found in pkgutil.walk_packages(package.__path__, tests + ".")
        if found.name.rpartition(".")[2].startswith("test_")
    ]


def _marks(test: Callable[..., Any]) -> Iterator[pytest.Mark]:
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "presses":
            yield mark
        elif mark.name == "parametrize":
            yield from (own for row in mark.args[1] for own in getattr(row, "marks", ()) if own.name == "presses")
