"""Which kinds of steps exist, and how they get here.

Built-ins are loaded from an explicit tuple of module names and strangers from the entry point group
`flowdesk.steps`, by the same loader. A plugin that does not load is listed with its error and otherwise ignored.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol, runtime_checkable

from pydantic import BaseModel

from engine.sdk import API_VERSION, StepDefinition, Steps

ENTRY_POINT_GROUP: Final = "flowdesk.steps"
BUILT_IN: Final = "built in"
SINGLE_NAMES: Final = frozenset({"manual"})
"""Refs that are one word; every other is `family.name`."""
_REF: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+")


@runtime_checkable
class RunsSteps(Protocol):
    """The seed's form of a handler: any object with `run(ctx, params)` that returns `{ok, data}`."""

    def run(self, ctx: Any, params: Any) -> Any: ...


@dataclass(slots=True, frozen=True)
class PluginInfo:
    """What was found under one name, and the error when it could not be loaded."""

    name: str
    source: str
    refs: tuple[str, ...] = ()
    version: str | None = None
    error: str | None = None


class Registry:
    """All kinds of steps by ref, and the families they came in."""

    def __init__(self) -> None:
        self._definitions: dict[str, StepDefinition] = {}
        self.families: list[Steps] = []
        self.plugins: list[PluginInfo] = []

    def __contains__(self, ref: str) -> bool:
        return ref in self._definitions

    def get(self, ref: str) -> StepDefinition | None:
        """The definition, or None for an unknown ref."""
        return self._definitions.get(ref)

    def all(self) -> list[StepDefinition]:
        """Every definition, sorted by ref."""
        return [self._definitions[ref] for ref in sorted(self._definitions)]

    def nearest(self, ref: str) -> str | None:
        """The known ref that looks most like this one."""
        found = difflib.get_close_matches(ref, self._definitions, n=1, cutoff=0.5)
        return found[0] if found else None

    def register(self, ref: str, handler: RunsSteps, *, params: type[BaseModel] | None = None) -> None:
        """Add one step the short way: `registry.register("mail.send", SendMailHandler())`.

        `handler.run(ctx, params)` may be async, or sync and then runs in a thread; it returns
        `{"ok": bool, "data": ...}` or a StepResult. Raises ValueError when the ref is taken.
        """
        if not callable(getattr(handler, "run", None)):
            raise ValueError(f"the handler for {ref!r} has no run(ctx, params) method")
        title = type(handler).__name__.removesuffix("Handler") or ref
        self.add(
            StepDefinition(
                ref=ref,
                kind="ACTION",
                handler=handler.run,
                params=params,
                title=title,
                description=inspect.getdoc(handler) or "",
                effect="idempotent",
                source="registered",
            )
        )

    def add(self, definition: StepDefinition) -> None:
        """Add a definition; ValueError when the ref is taken or malformed."""
        self._check([definition])
        self._definitions[definition.ref] = definition

    def include(self, steps: Steps, *, source: str) -> None:
        """Add a whole family, or nothing of it; ValueError says why not."""
        if steps.api_version != API_VERSION:
            raise ValueError(f"made for plugin API {steps.api_version}; this is {API_VERSION}")
        self._check(steps.definitions)
        if source != BUILT_IN:  # ours are tested, and drawing schemas costs start-up time
            _check_schemas(steps)
        for definition in steps.definitions:
            self._definitions[definition.ref] = replace(definition, source=source)
        self.families.append(steps)

    def _check(self, definitions: list[StepDefinition]) -> None:
        """Refuse what must not be added, before any of it is."""
        seen: set[str] = set()
        for definition in definitions:
            ref = definition.ref
            if ref in self._definitions:
                raise ValueError(f"the step {ref!r} exists already, from {self._definitions[ref].source}")
            if ref in seen:
                raise ValueError(f"the step {ref!r} is declared twice")
            seen.add(ref)
            if ref not in SINGLE_NAMES and not _REF.fullmatch(ref):
                raise ValueError(f"a step is called family.name, not {ref!r}")
            if definition.kind == "ACTION" and not callable(definition.handler):
                raise ValueError(f"the handler of {ref!r} cannot be called")
            _check_params(ref, definition.params)

    def load(self, builtins: Iterable[str], *, third_party: bool = True, version: str | None = None) -> None:
        """Load built-in modules by name, then every installed plugin; failures are noted in `plugins`.

        `version` is that of the built-in ones, which is FlowDesk's own.
        """
        for module in builtins:
            self._load(module, lambda module=module: importlib.import_module(module).steps, BUILT_IN, version)
        if third_party:
            for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name):
                self._load(point.name, point.load, _origin(point), point.dist.version if point.dist else None)

    def _load(self, name: str, find: Any, source: str, version: str | None) -> None:
        try:
            found = find()
            if not isinstance(found, Steps):
                found = _seed_style(found)
            self.include(found, source=source)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may even call sys.exit; it must not stop the server
            text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
            self.plugins.append(PluginInfo(name, source, version=version, error=text))
        else:
            refs = tuple(d.ref for d in found.definitions)
            self.plugins.append(PluginInfo(name, source, refs, version))


def _check_params(ref: str, params: object) -> None:
    if params is None:
        return
    if not (isinstance(params, type) and issubclass(params, BaseModel)):
        raise ValueError(f"the params of {ref!r} must be a pydantic model class")


def _check_schemas(steps: Steps) -> None:
    """Raise what pydantic raises for params no form can be drawn from, such as a field of an arbitrary class."""
    for definition in steps.definitions:
        if definition.params is not None:
            definition.params.model_json_schema()


def _seed_style(setup: Any) -> Steps:
    """A plugin may also be a function `setup(registry)` that registers handlers one by one."""
    if not callable(setup):
        raise TypeError(f"expected a Steps object or a function setup(registry), found {type(setup).__name__}")
    own = Registry()
    setup(own)
    steps = Steps("registered")
    steps.definitions.extend(own.all())
    return steps


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
