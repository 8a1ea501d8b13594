"""Parameters with templates in them, compiled once per workflow version and rendered once per step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.errors import Invalid, Problem
from engine.render.evaluate import ROOTS
from engine.render.state import State
from engine.render.template import Template, read_template

__all__ = ["CompiledParams", "Template", "compile_params", "compile_text", "survey_params"]

MAX_DEPTH: Final = 100

_Build = Callable[[State], Any]
_CONSTANT: Final = None


def compile_text(source: str, *, roots: frozenset[str] = ROOTS) -> Template:
    """One text on its own. Raises Invalid with the place of what cannot be read.

    `roots` are the names looked up in the scope itself; every other name is a key of its `data`.
    """
    found = read_template(source, "", roots=roots)
    if isinstance(found, Problem):
        raise Invalid(
            f"template, line {found.line}, column {found.column}: {found.message}",
            [found],
            code=found.code,
            hint=found.hint,
        )
    return found


def compile_params(
    params: Any, *, expressions: tuple[str, ...] = (), url_fields: tuple[str, ...] = (), at: str = "params"
) -> CompiledParams:
    """The parameters of a step, ready to render. Raises Invalid with all problems, each with its field.

    `expressions` and `url_fields` name fields like `condition` or `cases[].when`; a field's parts belong to it.
    Texts in expressions are not templates and stay as they are; texts in URL fields are percent-encoded where values
    are put in. `at` is what the fields in messages start with.
    """
    compiled, problems = survey_params(params, expressions=expressions, url_fields=url_fields, at=at)
    if problems:
        raise Invalid(problems=problems, code="template_invalid")
    return compiled


def survey_params(
    params: Any, *, expressions: tuple[str, ...] = (), url_fields: tuple[str, ...] = (), at: str = "params"
) -> tuple[CompiledParams, list[Problem]]:
    """The same for checks: what is bad is listed and left out."""
    walk = _Walk(frozenset(expressions), frozenset(url_fields))
    build = walk.compile(params, at, "", 0)
    return CompiledParams(params, build, tuple(walk.templates), tuple(walk.expressions)), walk.problems


class CompiledParams:
    """Compiled parameters.

    `templates` are the texts that hold tags and `expressions` the CEL texts, each with its field; `lookups` are the
    dotted paths all of them read. Parts without templates are the same objects in every result: they are not to be
    changed.
    """

    __slots__ = ("_build", "_params", "expressions", "lookups", "templates", "volatile")

    def __init__(
        self,
        params: Any,
        build: _Build | None,
        templates: tuple[Template, ...],
        expressions: tuple[tuple[str, str], ...],
    ) -> None:
        self._params = params
        self._build = build
        self.templates = templates
        self.expressions = expressions
        self.volatile = any(template.volatile for template in templates)
        self.lookups: frozenset[tuple[str, ...]] = frozenset(path for t in templates for path in t.lookups)

    def render(self, scope: Mapping[str, Any], missing: list[str] | None = None) -> Any:
        """The parameters with every template replaced by its value.

        Names that were not found are added to `missing`, each once. Raises Invalid with a `template_…` code.
        """
        if self._build is None:
            return self._params
        return self._build(State(scope, missing))


class _Walk:
    """Goes through parameters and collects what it meets. A build of None means that nothing changes."""

    def __init__(self, expressions: frozenset[str], url_fields: frozenset[str]) -> None:
        self.problems: list[Problem] = []
        self.templates: list[Template] = []
        self.expressions: list[tuple[str, str]] = []
        self._expression_paths = expressions
        self._url_paths = url_fields

    def compile(
        self, value: Any, field: str, path: str, depth: int, *, verbatim: bool = False, url: bool = False
    ) -> _Build | None:
        """The function that rebuilds this value, if it holds templates."""
        # A list may stand where an expression may: then its texts are templates like any others.
        verbatim = verbatim or (path in self._expression_paths and not isinstance(value, list | tuple))
        url = url or path in self._url_paths
        if isinstance(value, str):
            return self._text(value, field, verbatim=verbatim, url=url)
        if not isinstance(value, Mapping | list | tuple):
            return _CONSTANT
        if depth >= MAX_DEPTH:
            self.problems.append(Problem("template_too_deep", f"more than {MAX_DEPTH} levels", field=field))
            return _CONSTANT
        changing: list[tuple[Any, _Build]] = []
        for key, part, inner_field, inner_path in _children(value, field, path):
            if isinstance(key, str) and "{{" in key and not verbatim:
                self.problems.append(
                    Problem("template_in_key", "keys are not templates", field=field, hint=f"rename {key[:60]!r}")
                )
            build = self.compile(part, inner_field, inner_path, depth + 1, verbatim=verbatim, url=url)
            if build is not None:
                changing.append((key, build))
        return _rebuild(value, changing) if changing else _CONSTANT

    def _text(self, text: str, field: str, *, verbatim: bool, url: bool) -> _Build | None:
        if verbatim:
            self.expressions.append((field, text))
            return _CONSTANT
        if "{{" not in text:
            return _CONSTANT
        found = read_template(text, field, url=url)
        if isinstance(found, Problem):
            self.problems.append(found)
            return _CONSTANT
        self.templates.append(found)
        return found.evaluate


def _children(value: Any, field: str, path: str) -> list[tuple[Any, Any, str, str]]:
    if isinstance(value, Mapping):
        return [
            (key, part, f"{field}.{key}" if field else str(key), f"{path}.{key}" if path else str(key))
            for key, part in value.items()
        ]
    return [(index, part, f"{field}[{index}]", f"{path}[]") for index, part in enumerate(value)]


def _rebuild(value: Any, changing: list[tuple[Any, _Build]]) -> _Build:
    constant: Any = dict(value) if isinstance(value, Mapping) else list(value)

    def build(state: State) -> Any:
        result = constant.copy()
        for key, part in changing:
            result[key] = part(state)
        return result

    return build
